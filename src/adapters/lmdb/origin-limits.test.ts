import { expect, it } from "vitest";
import { originLimits } from "./origin-limits.js";

it("a publish is remembered for ten minutes, and 100,000 of a channel, unless somebody says otherwise", () => {
  expect(originLimits).toEqual({ windowMs: 600_000, windowMessagesMax: 100_000 });
});
