import { expect, it } from "vitest";
import { withoutStack } from "./without-stack.js";

it("an error is made without its stack, and those behind it have theirs", () => {
  expect(withoutStack(() => new Error("broken")).stack).toBe("Error: broken");
  expect(() =>
    withoutStack(() => {
      throw new Error("not even made");
    }),
  ).toThrow("not even made");
  expect(new Error("another").stack).toContain("without-stack.test");
});
