import { afterAll, beforeAll, expect, it } from "vitest";
import { run, tool } from "../../scripts/program.mjs";
import { plantingGround } from "./planting-ground.js";

const ground = plantingGround(["oxlint.config.mjs", "floors.mjs", "tsconfig.json", "tsconfig.base.json", ".gitignore"]);
afterAll(() => {
  ground.clear();
});

const lines = (count: number): string => "  value += 1;\n".repeat(count);
const wide = "export declare function wide(): Promise<void>;\n";

/** Each rule with the file that breaks it; the file's path is what puts it on a floor or among the tests. */
const plants: readonly (readonly [rule: string, path: string, text: string])[] = [
  ["typescript(no-floating-promises)", "src/server/floating.ts", `${wide}wide();`],
  ["typescript(no-floating-promises)", "src/server/voided.ts", `${wide}void wide();`],
  ["typescript(no-misused-promises)", "src/server/misused.ts", `${wide}if (wide()) throw new Error("never");`],
  ["typescript(only-throw-error)", "src/server/thrown.ts", `export const fail = (): never => { throw "text"; };`],
  [
    "typescript(switch-exhaustiveness-check)",
    "src/kernel/exhaustive.ts",
    `export function name(kind: "a" | "b"): string { switch (kind) { case "a": return "A"; } return ""; }`,
  ],
  ["typescript(no-explicit-any)", "src/kernel/any.ts", "export type Anything = any;"],
  ["typescript(no-non-null-assertion)", "src/kernel/non-null.ts", "export const sure = (x?: number): number => x!;"],
  [
    "typescript(no-unsafe-type-assertion)",
    "src/kernel/cast.ts",
    "export const cast = (x: unknown): string => x as string;",
  ],
  [
    "typescript(no-unsafe-assignment)",
    "src/kernel/unsafe.ts",
    `const x: { a: string } = JSON.parse("{}");\nexport const { a } = x;`,
  ],
  [
    "typescript(no-unsafe-return)",
    "src/kernel/returned.ts",
    "export const parse = (text: string): string => JSON.parse(text);",
  ],
  [
    "typescript(consistent-type-imports)",
    "src/kernel/value-import.ts",
    `import { Part } from "./part.js";\nexport type Both = Part;`,
  ],
  [
    "typescript(consistent-type-imports)",
    "src/kernel/inline-import.ts",
    `export type Inline = import("./part.js").Part;`,
  ],
  ["typescript(ban-ts-comment)", "src/kernel/ignored.ts", "// @ts-ignore\nexport const one = 1;"],
  ["typescript(no-namespace)", "src/kernel/namespace.ts", "export namespace Old { export const one = 1; }"],
  ["import(no-default-export)", "src/kernel/default.ts", "export default 1;"],
  ["import(no-cycle)", "src/kernel/ring.ts", `import type { B } from "./ring-end.js";\nexport interface A { b: B }`],
  ["import(no-cycle)", "src/kernel/ring-end.ts", `import type { A } from "./ring.js";\nexport interface B { a: A }`],
  [
    "import(no-nodejs-modules)",
    "src/session/node.ts",
    `import { connect } from "node:net";\nexport const open = connect;`,
  ],
  [
    "unicorn(prefer-node-protocol)",
    "src/server/bare-node.ts",
    `import { connect } from "net";\nexport const open = connect;`,
  ],
  ["unicorn(filename-case)", "src/kernel/camelCase.ts", "export const one = 1;"],
  [
    "eslint(no-restricted-globals)",
    "src/session/timer.ts",
    "export const later = (): unknown => setTimeout(() => {}, 1);",
  ],
  ["eslint(no-restricted-globals)", "src/hub/clock.ts", "export const now = (): number => Date.now();"],
  ["eslint(no-restricted-globals)", "src/hub/around.ts", "export const around = (): unknown => globalThis;"],
  [
    "eslint(no-restricted-globals)",
    "src/client/socket.ts",
    `export const open = (): unknown => new WebSocket("ws://x");`,
  ],
  ["eslint(no-restricted-globals)", "src/wire/buffer.ts", `export const bytes = (): unknown => Buffer.from("");`],
  ["eslint(no-restricted-properties)", "src/pipeline/random.ts", "export const draw = (): number => Math.random();"],
  [
    "eslint(no-restricted-properties)",
    "src/auth/signal.ts",
    "export const soon = (): unknown => AbortSignal.timeout(1);",
  ],
  ["eslint(no-console)", "src/server/console.ts", `console.log("here");`],
  [
    "eslint(max-params)",
    "src/kernel/parameters.ts",
    "export const sum = (a: 1, b: 1, c: 1, d: 1): number => a + b + c + d;",
  ],
  ["eslint(max-lines)", "src/kernel/long-file.ts", "export const one = 1;\n" + "\n".repeat(400)],
  [
    "eslint(max-lines-per-function)",
    "src/kernel/long-function.ts",
    `export function long(): number {\n  let value = 0;\n${lines(70)}  return value;\n}`,
  ],
  ["eslint(no-warning-comments)", "src/kernel/leftover.ts", "// TODO: later\nexport const one = 1;"],
  ["eslint(eqeqeq)", "src/kernel/loose.ts", "export const same = (a: 1, b: 1): boolean => a == b;"],
  [
    "vitest(no-focused-tests)",
    "src/kernel/focused.test.ts",
    `import { it } from "vitest";\nit.only("is alone", ({ expect }) => expect(1).toBe(1));`,
  ],
  [
    "vitest(no-disabled-tests)",
    "test/disabled.test.ts",
    `import { it } from "vitest";\nit.skip("is not run", ({ expect }) => expect(1).toBe(1));`,
  ],
  ["vitest(expect-expect)", "test/empty.test.ts", `import { it } from "vitest";\nit("cannot fail", () => {});`],
];

interface Diagnostic {
  readonly code: string;
  readonly filename: string;
  readonly severity: string;
}

let diagnostics: readonly Diagnostic[] = [];
let exitCode = 0;

beforeAll(async () => {
  ground.plant("src/kernel/part.ts", "export type Part = 1;");
  for (const [, path, text] of plants) ground.plant(path, `${text}\n`);
  const { code, stdout } = await run(tool("oxlint"), ["-c", "oxlint.config.mjs", "--format", "json"], ground);
  exitCode = code;
  ({ diagnostics } = JSON.parse(stdout) as { diagnostics: readonly Diagnostic[] });
});

const reported = (path: string): readonly string[] => [
  ...new Set(diagnostics.filter(({ filename }) => filename === path).map(({ code }) => code)),
];

it.each(plants)("%s is reported in %s", (rule, path) => {
  expect(reported(path)).toEqual([rule]);
});

it("what is reported is an error, and nothing else is reported", () => {
  expect(exitCode).toBe(1);
  expect(new Set(diagnostics.map(({ severity }) => severity))).toEqual(new Set(["error"]));
  expect(reported("src/kernel/part.ts")).toEqual([]);
});

it("a suppression that suppresses nothing is an error", async () => {
  const path = "src/kernel/idle.ts";
  ground.plant(path, "// oxlint-disable-next-line eqeqeq -- for no reason\nexport const one = 1;\n");
  const { code, output } = await run(tool("oxlint"), ["-c", "oxlint.config.mjs", path], ground);
  expect(output).toContain("Unused oxlint-disable directive");
  expect(code).toBe(1);
});
