/** `npm run check`: all that is asked of the sources besides their tests. */
import { tool } from "./program.mjs";
import { runSteps } from "./steps.mjs";

const hold = await runSteps(
  [
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
  ],
  console.log,
);
if (!hold) process.exitCode = 1;
