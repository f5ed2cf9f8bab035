import { expect, it } from "vitest";
import { publisherOf } from "./publisher.js";

it("a publisher's id is read from its principal, and is empty where that has none", () => {
  expect(publisherOf('{"id":"ada","roles":[]}')).toBe("ada");
  expect(["{}", "null", "5"].map(publisherOf)).toEqual(["", "", ""]);
});
