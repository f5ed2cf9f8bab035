import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** A text file of the repository. */
export interface RepositoryFile {
  /** Relative to the repository's root, with forward slashes. */
  readonly path: string;
  readonly text: string;
}

const leftOut = new Set([".git", "node_modules", "dist", "build", "coverage", ".cache"]);
const textFile = /(?:\.(?:ts|mjs|js|json|md|html|css|yml|yaml|txt|py|sh)|\/run|LICENSE|\.gitignore|\.editorconfig)$/;

/** Read every text file below `root`, but what is built, installed or git's own. */
export function repositoryFiles(root: string): readonly RepositoryFile[] {
  return readdirSync(root, { withFileTypes: true }).flatMap((entry) => {
    if (leftOut.has(entry.name)) return [];
    if (entry.isDirectory()) {
      const below = repositoryFiles(join(root, entry.name));
      return below.map(({ path, text }) => ({ path: `${entry.name}/${path}`, text }));
    }
    if (!entry.isFile() || !textFile.test(join(root, entry.name))) return [];
    return [{ path: entry.name, text: readFileSync(join(root, entry.name), "utf8") }];
  });
}
