/** Hold the floors: cruise the sources, and make sure that they really were read. */
import { readdirSync } from "node:fs";
import { pathToFileURL } from "node:url";
import { root, run, tool } from "./program.mjs";

/**
 * @typedef {{ readonly rule: string; readonly from: string; readonly to: string }} Violation
 * @typedef {{ readonly rule: { readonly name: string }; readonly from: string; readonly to: string }} FoundViolation
 * @typedef {{ readonly source: string; readonly dependencies: readonly unknown[] }} Module
 * @typedef {{ readonly modules: readonly Module[]; readonly summary: { readonly violations: readonly FoundViolation[] } }} Report
 */

/**
 * Cruise `src/` of a folder that holds `.dependency-cruiser.mjs`.
 *
 * @param {string} folder
 * @returns {Promise<{ readonly violations: readonly Violation[]; readonly read: number; readonly edges: number }>}
 *   `read` counts the source files, `edges` the imports in them
 * @throws Error when a source file was not read: a cruise of nothing finds nothing wrong
 */
export async function cruise(folder) {
  const { code, stdout, output } = await run(
    tool("depcruise"),
    ["--config", ".dependency-cruiser.mjs", "--output-type", "json", "src"],
    { folder },
  );
  if (code < 0 || !stdout.startsWith("{")) throw new Error(output);
  /** @type {Report} */
  const { modules, summary } = JSON.parse(stdout);
  const read = new Set(modules.map(({ source }) => source));
  const present = readdirSync(`${folder}/src`, { recursive: true, encoding: "utf8" }).filter((path) =>
    path.endsWith(".ts"),
  );
  const missed = present.map((path) => `src/${path.replaceAll("\\", "/")}`).filter((path) => !read.has(path));
  const edges = modules.reduce((sum, { dependencies }) => sum + dependencies.length, 0);
  if (present.length === 0) throw new Error("there is nothing under src/");
  if (missed.length > 0) throw new Error(`not read: ${missed.join(", ")}`);
  return {
    violations: summary.violations.map(({ rule, from, to }) => ({ rule: rule.name, from, to })),
    read: present.length,
    edges,
  };
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  const { violations, read, edges } = await cruise(root);
  for (const { rule, from, to } of violations) console.log(`${rule}: ${from} -> ${to}`);
  console.log(`${read} files, ${edges} imports, ${violations.length} violations`);
  if (violations.length > 0 || edges === 0) process.exitCode = 1;
}
