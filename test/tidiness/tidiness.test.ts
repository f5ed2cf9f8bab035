import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { floors, withoutNode, seesOnly } from "../../floors.mjs";
import { root } from "../../scripts/program.mjs";
import { repositoryFiles } from "./repository-files.js";
import { type Finding, linksLeadSomewhere, rules } from "./rules.js";

const files = repositoryFiles(root);

const readable = (findings: readonly Finding[]): readonly string[] =>
  findings.map(({ path, message }) => `${path} ${message}`);

describe("the repository", () => {
  it("is read, with its sources and its documents", () => {
    const paths = files.map(({ path }) => path);
    expect(paths).toEqual(expect.arrayContaining(["src/kernel/errors.ts", "package.json", ".ci/run", "LICENSE"]));
  });

  it.each(Object.entries(rules))("holds the rule %s", (_name, rule) => {
    expect(readable(rule(files))).toEqual([]);
  });

  it("has no dead link", () => {
    const rule = linksLeadSomewhere((path) => existsSync(join(root, path)));
    expect(readable(rule(files))).toEqual([]);
  });
});

describe("the table of floors", () => {
  const folders = floors.flatMap((row) => row.folders);

  it("names each folder once, and narrows only folders that it has", () => {
    expect(new Set(folders).size).toBe(folders.length);
    expect(folders).toEqual(expect.arrayContaining(Object.keys(seesOnly)));
  });

  it("names what is compiled without Node's types", () => {
    const { include }: { include: string[] } = JSON.parse(readFileSync(join(root, "tsconfig.portable.json"), "utf8"));
    expect(include).toEqual(withoutNode.map((place) => `src/${place}`));
  });
});
