import { expect, it } from "vitest";
import { Dropped, Rejection } from "./processor.js";

it("a rejection carries its reason, and a drop the stage that the publisher is told", () => {
  expect(new Rejection("too rude").reason).toBe("too rude");
  expect(new Dropped().stage).toBe("dropped");
});
