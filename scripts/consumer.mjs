/**
 * Use the packed package as somebody else would: install its tarball into an empty folder, import every subpath on
 * each Node that the parameters name, and resolve its types. Ends with a line `N passed, N failed`.
 *
 * Usage: node scripts/consumer.mjs [path of a node program]…
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pack, stage } from "./package.mjs";
import { root, run, tool } from "./program.mjs";

/** What a browser's program imports: these resolve without Node's types. */
const portable = ["busbar", "busbar/client"];

const folder = mkdtempSync(join(tmpdir(), "busbar-consumer-"));
const totals = { passed: 0, failed: 0 };

/**
 * @param {string} name
 * @param {string} program
 * @param {readonly string[]} parameters
 */
async function check(name, program, parameters) {
  const { code, output } = await run(program, parameters, { folder });
  totals[code === 0 ? "passed" : "failed"] += 1;
  console.log(`${code === 0 ? "ok    " : "FAILED"}  ${name}${code === 0 ? "" : `\n${output}`}`);
}

/** @returns {Promise<readonly string[]>} the names that the installed package can be imported by */
async function install() {
  const staged = join(folder, "staged");
  await stage(staged);
  writeFileSync(join(folder, "package.json"), JSON.stringify({ private: true, type: "module" }));
  await check("the tarball installs, offline", "npm", ["install", "--offline", "--no-save", await pack(staged)]);
  /** @type {{ readonly exports: Readonly<Record<string, unknown>> }} */
  const manifest = JSON.parse(readFileSync(join(folder, "node_modules/busbar/package.json"), "utf8"));
  return Object.keys(manifest.exports)
    .filter((subpath) => !subpath.endsWith(".json"))
    .map((subpath) => join("busbar", subpath));
}

/**
 * @param {string} node
 * @param {readonly string[]} names
 */
async function importAll(node, names) {
  const { stdout } = await run(node, ["--version"]);
  for (const name of names) {
    const program = `if (Object.keys(await import("${name}")).length === 0) throw new Error("it exports nothing");`;
    const parameters = ["--input-type=module", "--eval", program];
    await check(`${name} is imported by Node ${stdout.trim()}`, node, parameters);
    if (!portable.includes(name)) continue;
    await check(`${name} is imported as a browser's bundler would`, node, ["--conditions=browser", ...parameters]);
  }
}

/**
 * @param {string} title
 * @param {readonly string[]} names
 * @param {readonly string[]} options
 */
async function resolveTypes(title, names, options) {
  const file = `${title.replaceAll(/\W+/g, "-")}.ts`;
  const imports = names.map((name, index) => `import * as part${index} from "${name}";\nexport { part${index} };\n`);
  writeFileSync(join(folder, file), imports.join(""));
  const strict = ["--strict", "--noEmit", "--skipLibCheck", "false", "--target", "ES2022", "--lib", "ES2023,DOM"];
  const typeRoots = ["--typeRoots", join(root, "node_modules/@types"), ...options];
  for (const [module, resolution] of [
    ["NodeNext", "NodeNext"],
    ["ESNext", "Bundler"],
  ]) {
    const parameters = [
      file,
      ...strict,
      ...typeRoots,
      "--module",
      module ?? "",
      "--moduleResolution",
      resolution ?? "",
    ];
    await check(`${title}, module resolution ${resolution}`, tool("tsc"), parameters);
  }
}

try {
  const names = await install();
  for (const node of [process.execPath, ...process.argv.slice(2)]) await importAll(node, names);
  await resolveTypes("all types resolve", names, ["--types", "node"]);
  await resolveTypes("a browser's types resolve without Node's", portable, [
    "--types",
    "",
    "--customConditions",
    "browser",
  ]);
} catch (error) {
  totals.failed += 1;
  console.log(error);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
console.log(`${totals.passed} passed, ${totals.failed} failed`);
if (totals.failed > 0) process.exitCode = 1;
