import { expect, it } from "vitest";
import { LastLineReporter, summaryLine } from "./reporter.js";

it("the last line counts what passed, failed and was skipped", () => {
  expect(summaryLine({ passed: 12, failed: 0, skipped: 0 })).toBe("12 passed, 0 failed");
  expect(summaryLine({ passed: 1, failed: 2, skipped: 3 })).toBe("1 passed, 2 failed, 3 skipped");
});

it("a run that fails outside of its tests counts one failure", () => {
  expect(new LastLineReporter().lastLines(1)).toMatch(/outside of its tests.*\n0 passed, 1 failed\n$/);
  expect(new LastLineReporter().lastLines(0)).toBe("\n0 passed, 0 failed\n");
});
