import { expect, it } from "vitest";
import { runSteps } from "../../scripts/steps.mjs";

const script = (text: string) => [process.execPath, "--eval", text] as const;

it("all steps run, and what failed is named with what it printed", async () => {
  const printed: string[] = [];
  const hold = await runSteps(
    [
      ["first", ...script("")],
      ["second", ...script(`console.log("why"); process.exitCode = 3;`)],
      ["third", "/nowhere/program"],
      ["fourth", ...script("")],
    ],
    (text) => printed.push(text),
  );
  expect(hold).toBe(false);
  expect(printed.map((text) => text.replace(/ +\d+\.\d s$/, ""))).toEqual([
    "ok      first",
    "FAILED  second",
    "        why",
    "FAILED  third",
    "        spawn /nowhere/program ENOENT",
    "ok      fourth",
    "        all",
    "failed: second, third",
    "2 passed, 2 failed",
  ]);
});

it("steps that all hold say so", async () => {
  const printed: string[] = [];
  expect(await runSteps([["only", ...script("")]], (text) => printed.push(text))).toBe(true);
  expect(printed.at(-1)).toBe("1 passed, 0 failed");
});
