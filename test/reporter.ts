/** Ends a test run with one line that a simple reader understands. */
import type { Reporter, TestModule, TestSuite, TestCase } from "vitest/node";
import { advice, type Program } from "./programs.js";

interface Totals {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

/** `N passed, N failed`, and `, N skipped` where something was skipped. */
export function summaryLine({ passed, failed, skipped }: Totals): string {
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ""}`;
}

/**
 * Print the totals of the run as its very last line, when the process ends: the coverage report comes before it, and
 * coverage under its threshold, or an error outside of any test, counts as one failure.
 */
export class LastLineReporter implements Reporter {
  #totals: Totals = { passed: 0, failed: 0, skipped: 0 };
  #missing = new Set<Program>();

  onInit(): void {
    process.once("exit", (code) => process.stdout.write(this.lastLines(code)));
  }

  onTestRunEnd(modules: readonly TestModule[]): void {
    const tests = modules.flatMap((module) => [...module.children.allTests()]);
    const suites = modules.flatMap((module) => [module, ...module.children.allSuites()]);
    const count = (state: string): number => tests.filter((test) => test.result().state === state).length;
    this.#totals = {
      passed: count("passed"),
      failed: count("failed") + suites.filter((suite) => suite.errors().length > 0).length,
      skipped: count("skipped"),
    };
    this.#missing = new Set([...tests, ...suites].flatMap(programMissing));
  }

  /** What stands at the end of a run that exits with `code`. */
  lastLines(code: number): string {
    const { passed, failed, skipped } = this.#totals;
    const lines = [...this.#missing].map(advice);
    if (code !== 0 && failed === 0) lines.push("the run failed outside of its tests: see above");
    lines.push(summaryLine({ passed, failed: code !== 0 && failed === 0 ? 1 : failed, skipped }));
    return `\n${lines.join("\n")}\n`;
  }
}

function programMissing(task: TestModule | TestSuite | TestCase): readonly Program[] {
  const { missing } = task.meta();
  return missing === undefined ? [] : [missing];
}
