import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { run, tool } from "../../scripts/program.mjs";
import { plantingGround } from "./planting-ground.js";

const configuration = ["tsconfig.base.json", "tsconfig.json", "tsconfig.portable.json", "tsconfig.build.json"];
const ground = plantingGround([...configuration, "package.json", "floors.mjs"]);
afterAll(() => {
  ground.clear();
});

type Plant = readonly [option: string, error: string, path: string, text: string];

const strict: readonly Plant[] = [
  ["strict", "TS7006", "src/kernel/implicit.ts", "export function f(x) { return x; }"],
  [
    "noUncheckedIndexedAccess",
    "TS2322",
    "src/kernel/index-access.ts",
    "export const f = (a: string[]): string => a[0];",
  ],
  ["exactOptionalPropertyTypes", "TS2375", "src/kernel/optional.ts", "export const o: { a?: 1 } = { a: undefined };"],
  ["noImplicitOverride", "TS4114", "src/kernel/override.ts", "class A { f() {} }\nexport class B extends A { f() {} }"],
  ["noImplicitReturns", "TS7030", "src/kernel/returns.ts", "export function f(a: 1 | 2) { if (a === 1) return a; }"],
  ["noUnusedLocals", "TS6133", "src/kernel/unused.ts", "const unused = 1;\nexport {};"],
  ["noUnusedParameters", "TS6133", "src/kernel/unused-parameter.ts", "export function f(a: 1): void {}"],
  [
    "noFallthroughCasesInSwitch",
    "TS7029",
    "src/kernel/fallthrough.ts",
    "export function f(a: 1 | 2): number { let b = 0; switch (a) { case 1: b = 1; case 2: b = 2; } return b; }",
  ],
  ["verbatimModuleSyntax", "TS1484", "src/kernel/verbatim.ts", `import { T } from "./type.js";\nexport type U = T;`],
  ["erasableSyntaxOnly", "TS1294", "src/kernel/enum.ts", "export enum E { A }"],
  ["checkJs", "TS7006", "scripts/implicit.mjs", "export function f(x) { return x; }"],
];

const withoutNode: readonly Plant[] = [
  [
    "no Node module",
    "TS2591",
    "src/session/node-module.ts",
    `import { connect } from "node:net";\nexport const c = connect;`,
  ],
  ["no Node global", "TS2591", "src/adapters/browser/node-global.ts", "export const p: unknown = process;"],
];

const declarations: readonly Plant[] = [
  ["isolatedDeclarations", "TS9010", "src/server/inferred.ts", `export const length = "abc".length;`],
];

/** Compile with one of the configurations, and group the errors' codes by file. */
async function compile(project: string): Promise<ReadonlyMap<string, readonly string[]>> {
  const { code, output } = await run(tool("tsc"), ["-p", project, "--noEmit", "--pretty", "false"], ground);
  expect(code).not.toBe(0);
  const errors = [...output.matchAll(/^(\S+)\(\d+,\d+\): error (TS\d+)/gm)];
  return new Map(
    errors.map(([, path = ""]) => [path, errors.filter((error) => error[1] === path).map(([, , id = ""]) => id)]),
  );
}

beforeAll(() => {
  ground.plant("src/kernel/type.ts", "export type T = 1;\n");
  ground.plant(
    "src/engine/node.ts",
    `import { connect } from "node:net";\nexport const c: typeof connect = connect;\n`,
  );
  for (const [, , path, text] of [...strict, ...withoutNode, ...declarations]) ground.plant(path, `${text}\n`);
});

describe.each([
  { project: "tsconfig.json", plants: strict },
  { project: "tsconfig.portable.json", plants: withoutNode },
  { project: "tsconfig.build.json", plants: declarations },
])("$project", ({ project, plants }) => {
  let errors: ReadonlyMap<string, readonly string[]> = new Map();
  beforeAll(async () => {
    errors = await compile(project);
  });

  it.each(plants)("reports a breach of %s as %s", (_option, error, path) => {
    expect(errors.get(path)).toEqual([error]);
  });

  it("reports nothing of a file that is right", () => {
    expect(errors.has("src/kernel/type.ts") || errors.has("src/engine/node.ts")).toBe(false);
  });
});
