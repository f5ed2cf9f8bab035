/** `npm run check`: run every check, say how long each took, and at the end what failed. */
import { run, tool } from "./program.mjs";

/** @type {readonly (readonly [name: string, program: string, ...parameters: string[]])[]} */
const steps = [
  ["types", tool("tsc"), "-p", "tsconfig.json"],
  ["types without Node", tool("tsc"), "-p", "tsconfig.portable.json"],
  ["build", tool("tsc"), "-p", "tsconfig.build.json"],
  ["examples", tool("tsc"), "-p", "tsconfig.examples.json"],
  ["pages", tool("tsc"), "-p", "tsconfig.pages.json"],
  ["lint", tool("oxlint"), "-c", "oxlint.config.mjs"],
  ["format", tool("oxfmt"), "--check"],
  ["floors", process.execPath, "scripts/dependencies.mjs"],
  ["unused", tool("knip"), "--treat-config-hints-as-errors"],
  ["package", process.execPath, "scripts/package.mjs"],
  ["tidiness", tool("vitest"), "run", "test/tidiness"],
];

/** @param {number} since */
const seconds = (since) => `${((performance.now() - since) / 1000).toFixed(1).padStart(5)} s`;

const start = performance.now();
/** @type {string[]} */
const failed = [];
for (const [name, program, ...parameters] of steps) {
  const stepStart = performance.now();
  const { code, output } = await run(program, parameters);
  console.log(`${code === 0 ? "ok    " : "FAILED"}  ${name.padEnd(20)}${seconds(stepStart)}`);
  if (code === 0) continue;
  failed.push(name);
  console.log(output.trimEnd().replaceAll(/^/gm, "        "));
}
console.log(`all     ${"".padEnd(20)}${seconds(start)}`);
console.log(failed.length === 0 ? `${steps.length} checks hold` : `failed: ${failed.join(", ")}`);
if (failed.length > 0) process.exitCode = 1;
