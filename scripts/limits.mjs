/** Write docs/limits.md from the defaults in the sources; `--check` says whether it is as it would be written. */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { buildSync } from "esbuild";
import { root } from "./program.mjs";

const page = join(root, "docs/limits.md");

const introduction = `# Limits

<!-- Written by \`node scripts/limits.mjs\` from the defaults in the sources: change them there. -->

Everything that a client can use up has a limit, and every limit is an option of \`serve\` and \`attach\`. What exceeds one gets
an error with a code; nothing ends the process, and no memory grows with what a hostile peer sends. A name that is no
option, and a value that is no number above 0, is refused with \`options/invalid\`. Numbers of four digits are close codes.`;

/** @param {number | string | boolean} value @param {string} option */
function written(value, option) {
  if (value === Number.POSITIVE_INFINITY) return "off";
  if (typeof value !== "number") return `\`${typeof value === "string" ? JSON.stringify(value) : value}\``;
  const name = option.split(".").at(-1) ?? "";
  if (name.includes("Ms")) return time(value);
  if (/[bB]ytes/.test(name)) return bytes(value);
  return value.toLocaleString("en");
}

/** @param {number} ms */
function time(ms) {
  if (ms % 86_400_000 === 0) return `${ms / 86_400_000} days`;
  if (ms % 60_000 === 0) return `${ms / 60_000} min`;
  return `${ms / 1000} s`;
}

/** @param {number} value */
function bytes(value) {
  if (value % 1_048_576 === 0) return `${value / 1_048_576} MiB`;
  return value % 1024 === 0 ? `${value / 1024} KiB` : `${value} bytes`;
}

/** The rows as the sources have them now. */
async function sections() {
  const folder = mkdtempSync(join(tmpdir(), "busbar-limits-"));
  try {
    const outfile = join(folder, "rows.mjs");
    const entry = join(root, "scripts/limit-rows.ts");
    buildSync({ entryPoints: [entry], bundle: true, platform: "node", format: "esm", outfile, logLevel: "error" });
    /** @type {typeof import("./limit-rows.js")} */
    const { limitSections } = await import(pathToFileURL(outfile).href);
    return limitSections;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** @param {import("./limit-rows.js").LimitSection} section */
function tableOf({ heading, rows, text }) {
  const lines = rows.map(({ code = "", exceeded, option, value, what }) => {
    const name = option === "" ? "" : `\`${option}\``;
    return `| ${[what, name, written(value, option), exceeded, code].join(" | ")} |`;
  });
  const head = ["| what | option | default | what happens beyond it | code |", "| --- | --- | --- | --- | --- |"];
  const parts = [`## ${heading}`, text, [...head, ...lines].join("\n")];
  return parts.filter((part) => part !== "").join("\n\n");
}

const wanted = `${[introduction, ...(await sections()).map(tableOf)].join("\n\n")}\n`;
if (!process.argv.includes("--check")) {
  writeFileSync(page, wanted);
} else if ((existsSync(page) ? readFileSync(page, "utf8") : "") !== wanted) {
  console.error("docs/limits.md is not what the sources say: run node scripts/limits.mjs");
  process.exitCode = 1;
}
