import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { root } from "../../scripts/program.mjs";
import { buildPages } from "./page-build.js";
import { runPage } from "./page-run.js";

const documents = readdirSync(join(root, "docs")).filter((name) => name.endsWith(".md"));
const paths = ["README.md", "CONTRIBUTING.md", ...documents.map((name) => `docs/${name}`)];
const pages = paths
  .filter((path) => existsSync(join(root, path)))
  .map((path) => ({ path, text: readFileSync(join(root, path), "utf8") }));
const built = await buildPages(pages, join(root, "build/docs"));

it("the package is built, which the pages' code is compiled against", () => {
  expect(existsSync(join(root, "dist")), "run `npm run build` first").toBe(true);
});

describe.each(built.filter(({ blocks }) => blocks.length > 0))("$path", ({ blocks, errors, folder }) => {
  it("has code that compiles", () => {
    expect(errors).toEqual([]);
  });

  if (blocks.every(({ mode }) => mode === "compile")) return;
  it("has code that does what the page says", async () => {
    await expect(runPage(blocks, folder)).resolves.toBeUndefined();
  });
});
