/** Writes the code blocks of pages into files and compiles them as a user of the package would. */
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { run, tool } from "../../scripts/program.mjs";
import { type CodeBlock, codeBlocks, portsOf, withPorts } from "./code-block.js";
import { freePorts } from "./page-run.js";

export interface Page {
  /** Relative to the repository's root. */
  readonly path: string;
  readonly text: string;
}

export interface BuiltPage {
  readonly path: string;
  readonly blocks: readonly CodeBlock[];
  /** Where its compiled blocks are. */
  readonly folder: string;
  /** What the compiler says of it, with the page's line numbers. */
  readonly errors: readonly string[];
}

const options = {
  extends: "../../tsconfig.base.json",
  compilerOptions: {
    rootDir: ".",
    outDir: "js",
    allowJs: true,
    checkJs: true,
    moduleDetection: "force",
    lib: ["ES2023", "DOM", "DOM.Iterable"],
    // A reader's example may leave things unused, and declares no types for others.
    noUnusedLocals: false,
    noUnusedParameters: false,
    isolatedDeclarations: false,
    declaration: false,
  },
  exclude: ["js"],
};

const folderOf = (page: Page): string => page.path.replace(/\.md$/, "");

/** A block's code on the very lines that it has in its page, so that the compiler's line numbers are the page's. */
function onItsLines({ given, line, text }: CodeBlock): string {
  const hidden = given === "" ? [] : given.split("\n");
  return [...Array.from({ length: line - 1 - hidden.length }, () => ""), ...hidden, text, ""].join("\n");
}

/** @param target a folder two levels below the repository's root: the package's own name resolves from there */
export async function buildPages(pages: readonly Page[], target: string): Promise<readonly BuiltPage[]> {
  rmSync(target, { recursive: true, force: true });
  const built = await Promise.all(
    pages.map(async (page) => ({ page, blocks: codeBlocks(await onFreePorts(page.text)) })),
  );
  for (const { page, blocks } of built) {
    for (const block of blocks) {
      const path = join(target, folderOf(page), block.file);
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, onItsLines(block));
    }
  }
  if (built.every(({ blocks }) => blocks.length === 0)) return [];
  writeFileSync(join(target, "tsconfig.json"), JSON.stringify(options));
  const { output } = await run(tool("tsc"), ["-p", ".", "--pretty", "false"], { folder: target });
  const errors = output.split("\n").filter((line) => line.includes("error TS"));
  return built.map(({ page, blocks }) => ({
    path: page.path,
    blocks,
    folder: join(target, "js", folderOf(page)),
    errors: errors.filter((line) => line.startsWith(`${folderOf(page)}/`) || !/^\S+\(\d/.test(line)),
  }));
}

async function onFreePorts(text: string): Promise<string> {
  const written = [...portsOf(text)];
  const free = await freePorts(written.length);
  return withPorts(text, new Map(written.map((number, index) => [number, free[index] ?? number])));
}
