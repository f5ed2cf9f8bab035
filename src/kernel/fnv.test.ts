import { expect, it } from "vitest";
import { fnv1a64 } from "./fnv.js";

/** The test values of draft-eastlake-fnv, appendix C. */
it.each([
  ["", "cbf29ce484222325"],
  ["a", "af63dc4c8601ec8c"],
  ["foobar", "85944171f73967e8"],
])("the hash of %j is %s", (text, hash) => {
  expect(fnv1a64(text)).toBe(hash);
});

it("is one of UTF-8", () => {
  expect(fnv1a64("é")).not.toBe(fnv1a64("e"));
});
