/** Tests that need a program from outside: whoever lacks it is told so once, and CI must have it. */
import { describe, expect, it } from "vitest";
import { advice, isPresent, pathOf, type Program } from "./programs.js";

declare module "vitest" {
  interface TaskMeta {
    /** Why the tests are skipped: this program is not on the machine. */
    missing?: Program;
  }
}

/**
 * Describe tests that run `program`; they are given its path.
 *
 * Where it is missing they are skipped, and the run's last lines say so once. Under `CI=true` that is a failure.
 *
 * @example describeWith("chromium", "the chat page", (path) => { it("opens", …); });
 */
export function describeWith(program: Program, title: string, tests: (path: string) => void): void {
  const path = pathOf(program);
  if (isPresent(program)) {
    describe(title, () => {
      tests(path);
    });
  } else if (process.env["CI"] === "true") {
    it(`${title} (needs ${program})`, () => {
      expect.fail(advice(program));
    });
  } else {
    // oxlint-disable-next-line vitest/no-disabled-tests -- skipped where it cannot run, and the last lines say so
    describe.skip(title, { meta: { missing: program } }, () => {
      tests(path);
    });
  }
}
