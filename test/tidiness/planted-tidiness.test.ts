import { describe, expect, it } from "vitest";
import { linksLeadSomewhere, type RuleName, rules } from "./rules.js";

/** Each rule with files that break it in one place, and the place. */
const plants: readonly (readonly [rule: RuleName, found: string, files: Readonly<Record<string, string>>])[] = [
  ["unit-test-beside-source", "src/kernel/a.ts", { "src/kernel/a.ts": "export const one = 1;" }],
  ["source-beside-unit-test", "src/kernel/b.test.ts", { "src/kernel/b.test.ts": "" }],
  ["telling-names", "src/kernel/string-utils.ts", { "src/kernel/string-utils.ts": "" }],
  ["telling-names", "src/helpers/x.ts", { "src/helpers/x.ts": "", "src/hub/commonwealth.ts": "" }],
  ["telling-names", "src/hub/channel-manager.ts", { "src/hub/channel-manager.ts": "" }],
  ["telling-names", "src/common.ts", { "src/common.ts": "" }],
  ["no-leftovers", "docs/a.md:2", { "docs/a.md": "# A\nTODO: write this", "docs/b.md": "Todos are listed." }],
  ["suppressions-with-reason", "src/a.ts:1", { "src/a.ts": "// oxlint-disable-next-line eqeqeq" }],
  ["suppressions-with-reason", "src/a.ts:1", { "src/a.ts": "/* v8 ignore next */" }],
  ["suppressions-with-reason", "src/a.ts:1", { "src/a.ts": "// eslint-disable-line eqeqeq -- " }],
  ["whole-coverage", "src/hub/a.ts:1", { "src/hub/a.ts": "/* v8 ignore next -- cannot happen */" }],
  ["no-sleep", "test/hub/a.test.ts:1", { "test/hub/a.test.ts": "await new Promise((r) => setTimeout(r, 50));" }],
  ["no-sleep", "test/a.test.ts:1", { "test/a.test.ts": `import { setTimeout } from "node:timers/promises";` }],
  ["no-private-place", "docs/a.md:1", { "docs/a.md": "See /home/ada/notes for more." }],
  [
    "no-private-place",
    "package-lock.json:1",
    { "package-lock.json": `{ "packages": { "a": { "resolved": "https://registry.npmjs.org/a.tgz" } } }` },
  ],
  ["no-private-place", ".npmrc:1", { ".npmrc": "registry=https://registry.example.com/" }],
  ["exact-versions", "package.json", { "package.json": `{ "devDependencies": { "a": "^1.0.0", "b": "1.0.0" } }` }],
  [
    "whole-lock-file",
    "package-lock.json",
    {
      "package-lock.json": `{ "packages": { "": { "optionalDependencies": { "a": "1", "b": "1" } }, "x/node_modules/b": {} } }`,
    },
  ],
  ["exact-versions", "package.json", { "package.json": `{ "dependencies": { "a": "*" } }` }],
];

const listed = (files: Readonly<Record<string, string>>) =>
  Object.entries(files).map(([path, text]) => ({ path, text }));

it.each(plants)("%s is reported at %s, and no other rule is", (rule, found, files) => {
  const reported = Object.entries(rules).flatMap(([name, check]) =>
    check(listed(files)).map(({ path }) => [name, path]),
  );
  expect(reported).toEqual([[rule, found]]);
});

it("every rule has been broken once", () => {
  expect(new Set(plants.map(([rule]) => rule))).toEqual(new Set(Object.keys(rules)));
});

describe("a source without code", () => {
  it.each([
    ["types", "export interface A { readonly a: 1 }\nexport type B = A | 2;\ndeclare const c: 3;"],
    ["imports of types", `import type { A } from "./a.js";\nexport type B = A;`],
    [
      "re-exports",
      `/** All. */\nexport { a, type B } from "./a.js";\nexport * from "./c.js";\nexport type { D } from "./d.js";`,
    ],
  ])("needs no unit test: %s", (_kind, text) => {
    expect(rules["unit-test-beside-source"]([{ path: "src/kernel/a.ts", text }])).toEqual([]);
  });

  it.each([
    ["a constant", "export const a: number = 1;"],
    ["a function", "export function a(): void {}"],
    ["a class", "export class A {}"],
    ["an effect", `import { a } from "./a.js";\na();`],
  ])("is not one with %s", (_kind, text) => {
    expect(rules["unit-test-beside-source"]([{ path: "src/kernel/a.ts", text }])).toHaveLength(1);
  });
});

describe("links", () => {
  const rule = linksLeadSomewhere((path) => ["docs/a.md", "docs/b.md", "docs/chat.png"].includes(path));
  const pageWith = (text: string) => [
    { path: "docs/a.md", text },
    { path: "docs/b.md", text: "# Some thing: `new`\n" },
  ];

  it.each([
    "[b](b.md)",
    "[b](../docs/b.md#some-thing-new)",
    "![chat](chat.png)",
    "[out](https://example.org/x)",
    "## Here\n[here](#here)",
    "`[not](a-link.md)`",
    "```ts\n[not](a-link.md)\n```\n",
  ])("may read %j", (text) => {
    expect(rule(pageWith(text))).toEqual([]);
  });

  it.each([
    ["[c](c.md)", "links to c.md, which is not there"],
    ["[b](b.md#other)", "links to b.md#other, which is not there"],
    ["[here](#here)", "links to #here, which is not there"],
    ["![chat](other.png)", "links to other.png, which is not there"],
  ])("that read %j are reported", (text, message) => {
    expect(rule(pageWith(text))).toEqual([{ path: "docs/a.md", message }]);
  });
});
