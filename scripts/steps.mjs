import { run } from "./program.mjs";

/** @typedef {readonly [name: string, program: string, ...parameters: string[]]} Step */

/** @param {number} since */
const seconds = (since) => `${((performance.now() - since) / 1000).toFixed(1).padStart(5)} s`;

/**
 * Run every step to its end, also when one fails. Print each one's name and time, what a failed one printed, and the
 * totals as the last line.
 *
 * @param {readonly Step[]} steps
 * @param {(text: string) => void} print
 * @returns {Promise<boolean>} whether all hold
 */
export async function runSteps(steps, print) {
  const start = performance.now();
  /** @type {string[]} */
  const failed = [];
  for (const [name, program, ...parameters] of steps) {
    const stepStart = performance.now();
    const { code, output } = await run(program, parameters);
    print(`${code === 0 ? "ok    " : "FAILED"}  ${name.padEnd(20)}${seconds(stepStart)}`);
    if (code === 0) continue;
    failed.push(name);
    print(output.trimEnd().replaceAll(/^/gm, "        "));
  }
  print(`        ${"all".padEnd(20)}${seconds(start)}`);
  if (failed.length > 0) print(`failed: ${failed.join(", ")}`);
  print(`${steps.length - failed.length} passed, ${failed.length} failed`);
  return failed.length === 0;
}
