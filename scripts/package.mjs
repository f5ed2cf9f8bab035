/** Pack the package as it would be published, from a fresh build, and let publint and attw look at the tarball. */
import { cpSync, existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { root, run, tool } from "./program.mjs";

/** What npm packs beside `dist`. */
const companions = ["package.json", "README.md", "CHANGELOG.md", "LICENSE"];

/**
 * Build the sources into `target` and lay the package's other files beside them; the working tree's `dist` stays as
 * it is, whoever uses it.
 *
 * @param {string} target
 */
export async function stage(target) {
  const { code, output } = await run(tool("tsc"), ["-p", "tsconfig.build.json", "--outDir", join(target, "dist")]);
  if (code !== 0) throw new Error(output);
  for (const name of companions) if (existsSync(join(root, name))) cpSync(join(root, name), join(target, name));
}

/**
 * Pack the package that is staged in `folder`.
 *
 * @param {string} folder
 * @returns {Promise<string>} the tarball's path
 */
export async function pack(folder) {
  const { code, stdout, output } = await run("npm", ["pack", "--json", "--ignore-scripts"], { folder });
  if (code !== 0) throw new Error(output);
  /** @type {readonly { readonly filename: string }[]} */
  const [packed] = JSON.parse(stdout);
  if (packed === undefined) throw new Error(output);
  return join(folder, packed.filename);
}

/**
 * Look at a tarball with both tools.
 *
 * @param {string} tarball
 */
export async function inspect(tarball) {
  const publint = await run(tool("publint"), ["run", tarball, "--strict"]);
  const attw = await run(tool("attw"), [
    tarball,
    "--profile",
    "esm-only",
    "--no-definitely-typed",
    "--no-emoji",
    "--no-color",
  ]);
  return { publint, attw };
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  const folder = mkdtempSync(join(tmpdir(), "busbar-package-"));
  try {
    await stage(folder);
    const { publint, attw } = await inspect(await pack(folder));
    console.log(publint.output, attw.output);
    if (publint.code !== 0 || attw.code !== 0) process.exitCode = 1;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
