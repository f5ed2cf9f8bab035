/** Bundles a program that stands beside the tests, to be run as a process of its own. */
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { buildSync } from "esbuild";
import { root } from "../../scripts/program.mjs";

/** The path of the bundle of `name.ts`; it finds lmdb, which is no JavaScript alone, where the repository has it. */
export function bundled(name: string): string {
  const outfile = join(mkdtempSync(join(tmpdir(), "busbar-program-")), `${name}.mjs`);
  const lmdb = join(root, "node_modules/lmdb/index.js");
  buildSync({
    entryPoints: [fileURLToPath(new URL(`${name}.ts`, import.meta.url))],
    bundle: true,
    platform: "node",
    format: "esm",
    target: "node20",
    outfile,
    alias: { lmdb },
    external: [lmdb],
  });
  return outfile;
}
