import { expect, it } from "vitest";
import { Refusal } from "./call-handler.js";

it("a refusal has its reason", () => {
  expect(new Refusal({ left: 0 }).reason).toEqual({ left: 0 });
});
