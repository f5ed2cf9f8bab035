/** Programs that are no npm packages, which some tests need. */
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

interface Requirement {
  /** What is left out without it. */
  readonly tests: string;
  /** Where it is expected. */
  readonly path: string;
  /** The environment variable that names another place. */
  readonly override: string;
  /** How to get it, where it is no package of Debian. */
  readonly install?: string;
  isPresent(path: string): boolean;
}

/** Each under the name of its package. */
const requirements = {
  chromium: {
    tests: "the browser tests",
    path: "/usr/bin/chromium",
    override: "CHROMIUM_PATH",
    isPresent: existsSync,
  },
  "python3-websockets": {
    tests: "the tests with Python's websockets",
    path: "/usr/bin/python3",
    override: "PYTHON_PATH",
    isPresent: (path) => existsSync(path) && spawnSync(path, ["-c", "import websockets"]).status === 0,
  },
  strace: {
    tests: "the tests of what reaches the disk before a receipt",
    path: "/usr/bin/strace",
    override: "STRACE_PATH",
    isPresent: (path) => existsSync(path) && spawnSync(path, ["true"]).status === 0,
  },
  sqlite3: {
    tests: "the tests of orders that are booked in SQLite",
    path: "/usr/bin/sqlite3",
    override: "SQLITE3_PATH",
    isPresent: existsSync,
  },
  "gcc libc6-dev zlib1g-dev": {
    tests: "the tests of the benchmarks' load generator",
    path: "/usr/bin/cc",
    override: "CC_PATH",
    isPresent: (path) =>
      existsSync(path) &&
      spawnSync(path, ["-x", "c", "-o", "/dev/null", "-", "-lz"], {
        input: "#include <stdio.h>\n#include <zlib.h>\nint main(void) { return 0; }\n",
      }).status === 0,
  },
  bun: {
    tests: "the tests under Bun",
    path: fileURLToPath(
      new URL(`../node_modules/@oven/bun-${process.platform}-${process.arch}/bin/bun`, import.meta.url),
    ),
    override: "BUN_PATH",
    install: "npm install --include=optional",
    isPresent: (path) => existsSync(path) && spawnSync(path, ["--version"]).status === 0,
  },
} as const satisfies Readonly<Record<string, Requirement>>;

export type Program = keyof typeof requirements;

/** Where the program is expected to be. For Python's websockets, the interpreter that has the module. */
export function pathOf(program: Program): string {
  return process.env[requirements[program].override] ?? requirements[program].path;
}

/** Look whether the program is there. */
export function isPresent(program: Program): boolean {
  return requirements[program].isPresent(pathOf(program));
}

/** One line for whoever lacks the program: what was left out, and how to get it. */
export function advice(program: Program): string {
  const { override, tests, install = `apt-get install ${program}` }: Requirement = requirements[program];
  return `${tests} were left out: run \`${install}\`, or set ${override} to where it is`;
}
