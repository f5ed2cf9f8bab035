/**
 * `npm run bench`: every case, each server alone on one core and the load generator on the other, the servers of a
 * case one after the other, and that several times; medians are told. `npm run bench -- NAME…` measures these cases.
 *
 * Writes `build/results.json`, and after all cases the page `docs/benchmarks.md`. `--rounds N` and `--ms N` measure longer
 * or shorter; `--servers ID,ID` measures only these; `--page` writes the page from the results of last time.
 */
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { parseArgs } from "node:util";
import { cases } from "./cases.mjs";
import { slopeText } from "./charts.mjs";
import { growths, judged } from "./growth.mjs";
import { load, measure, median, start, summary } from "./measure.mjs";
import { benchPipeline } from "./pipeline.mjs";
import { writeReport } from "./report.mjs";
import { servers } from "./servers.mjs";
import { targetsOf } from "./targets.mjs";

const RESULTS = "build/results.json";
/**
 * Where a server lasts for all rounds and is warmed up before the first: servers run for days, and what a compiler does in
 * their first seconds is not what an operation costs. In the others the server itself begins anew.
 */
const LASTING = ["echo", "fanout", "handshake"];
const WARM_AGAIN_MS = 200;
/** V8 gives back what it had needed while connections came after 100 s without a collection, or sooner. */
const IDLE_MS = 110_000;
const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    rounds: { type: "string", default: "5" },
    ms: { type: "string", default: "500" },
    servers: { type: "string" },
    page: { type: "boolean", default: false },
  },
});
const chosenServers = values.servers?.split(",");
const rounds = Number(values.rounds);
const ms = Number(values.ms);
process.chdir(new URL(".", import.meta.url).pathname);
mkdirSync("build", { recursive: true });

if (values.page) {
  const measured = JSON.parse(readFileSync(RESULTS, "utf8"));
  printTargets(measured);
  writeReport(measured, "../docs");
  process.exit();
}

requireKnown("case", positionals, [...cases, ...growths].map(({ name }) => name).concat("pipeline"));
requireKnown("server", chosenServers ?? [], Object.keys(servers));
const isChosen = (/** @type {string} */ name) => positionals.length === 0 || positionals.includes(name);
/** Of those with this name or without names on the command line; their servers are those that are wanted. */
const chosen = (/** @type {readonly any[]} */ all) =>
  all
    .filter(({ name }) => isChosen(name))
    .map((one) => ({ ...one, servers: one.servers.filter((id) => chosenServers?.includes(id) ?? true) }))
    .filter(({ servers: wanted }) => wanted.length > 0);
prepare();

const startedAt = performance.now();
/** @type {(import("./cases.mjs").Case & { rows: import("./measure.mjs").Row[] })[]} */
const results = [];
const idle = await runIdle(chosen(cases).filter(({ mode }) => mode === "idle"));
for (const one of chosen(cases)) {
  const from = performance.now();
  const rows = idle.get(one.name) ?? (await runCase(one));
  results.push({ ...one, rows });
  print(one, rows);
  console.log(`${Math.round((performance.now() - from) / 1000)} s`);
}
const growth = [];
for (const one of chosen(growths)) {
  const from = performance.now();
  growth.push(await runGrowth(one));
  console.log(`${Math.round((performance.now() - from) / 1000)} s`);
}
const pipeline = isChosen("pipeline") ? await benchPipeline({ rounds: Math.min(rounds, 1), ms: 3_000 }) : undefined;
const minutes = (performance.now() - startedAt) / 60_000;
const machine = { cpu: cpus()[0]?.model, cores: cpus().length, node: process.version, at: new Date().toISOString() };
const measured = { machine, options: { rounds, ms }, minutes, results, growth, pipeline };
writeFileSync(RESULTS, `${JSON.stringify({ ...measured, targets: targetsOf(measured) }, undefined, 2)}\n`);
printTargets(measured);
console.log(`\n${minutes.toFixed(1)} minutes; the figures are in bench/${RESULTS}`);
// A part would be taken for the whole.
if (positionals.length === 0 && chosenServers === undefined) writeReport(measured, "../docs");

/** Say what there is where something else is asked for. */
function requireKnown(
  /** @type {string} */ what,
  /** @type {readonly string[]} */ asked,
  /** @type {readonly string[]} */ known,
) {
  const unknown = asked.filter((name) => !known.includes(name));
  if (unknown.length === 0) return;
  console.error(`There is no ${what} ${unknown.join(", ")}. There are: ${known.join(", ")}`);
  process.exit(2);
}

/** Install what we are compared with, which does not come with the project, and build. */
function prepare() {
  if (!existsSync("node_modules/ws")) execFileSync("npm", ["ci", "--no-audit", "--no-fund"], { stdio: "inherit" });
  execFileSync("npm", ["run", "build", "--silent"], { cwd: "..", stdio: "inherit" });
  const sources = readdirSync("load")
    .filter((name) => name.endsWith(".c"))
    .map((name) => `load/${name}`);
  execFileSync("cc", ["-O2", "-o", "build/load", ...sources, "-lz"], { stdio: "inherit" });
  execFileSync("cc", ["-O2", "-o", "build/floor", "floor/floor.c"], { stdio: "inherit" });
}

/** Measure a case's servers, one after the other, several times. @param {import("./cases.mjs").Case} one */
async function runCase(one) {
  console.log(`\n${one.title} (${one.name})`);
  const rates = one.halfOf === undefined ? {} : await halfRates(one, one.halfOf);
  const samples = Object.fromEntries(one.servers.map((id) => [id, /** @type {object[]} */ ([])]));
  /** @type {Map<string, import("./measure.mjs").Running>} */
  const running = new Map();
  try {
    for (let round = 0; round < Math.min(rounds, one.rounds ?? rounds); round++)
      for (const id of one.servers) {
        if (round >= (servers[id].rounds ?? rounds)) continue;
        const known = running.get(id);
        const server = known ?? (await start(one, id));
        running.set(id, server);
        const warmup = known === undefined ? undefined : WARM_AGAIN_MS;
        samples[id].push(await load(one, id, server, { ms, rate: rates[id], warmup }));
        if (LASTING.includes(one.mode)) continue;
        await server.stop();
        running.delete(id);
      }
  } finally {
    for (const server of running.values()) await server.stop();
  }
  return one.servers.map((id) => ({
    ...summary(samples[id], one, id),
    ...(rates[id] !== undefined && { publishesPerSecond: rates[id] }),
  }));
}

/**
 * Measure what connections take while they are idle, on all servers at once, as idle servers do not disturb each other.
 *
 * @param {readonly import("./cases.mjs").Case[]} all
 * @returns {Promise<Map<string, import("./measure.mjs").Row[]>>} by case
 */
async function runIdle(all) {
  const rows = new Map();
  if (all.length > 0) console.log(`\n${all.map(({ name }) => name).join(", ")}: ${IDLE_MS / 1000} s of quiet`);
  /** @type {import("./measure.mjs").Running[]} */
  const running = [];
  try {
    const samples = [];
    for (const one of all)
      for (const id of one.servers) {
        const server = await start(one, id);
        running.push(server);
        // Whoever connects does disturb: one after the other.
        await new Promise((resolve, reject) => {
          const sample = load(one, id, server, { ms: IDLE_MS, onCame: () => resolve(undefined) });
          sample.catch(reject);
          samples.push(sample.then((told) => ({ one, row: summary([told], one, id) })));
        });
      }
    for (const { one, row } of await Promise.all(samples)) rows.set(one.name, [...(rows.get(one.name) ?? []), row]);
  } finally {
    for (const server of running) await server.stop();
  }
  return rows;
}

/**
 * Half of the publishes a second that each server did in another case, which is measured if it was not yet.
 *
 * @param {import("./cases.mjs").Case} one
 * @param {string} name
 */
async function halfRates(one, name) {
  const other = cases.find((each) => each.name === name);
  // The floor, as a measure of the machine, has to do what we do.
  const likeOf = (/** @type {string} */ id) => (id === "floor" ? "memory" : id);
  const wanted = [...new Set(one.servers.map(likeOf))];
  const known = results.find((each) => each.name === name)?.rows ?? [];
  const isKnown = wanted.every((id) => known.some((row) => row.id === id));
  const rows = isKnown ? known : await runCase({ ...other, servers: wanted });
  const half = (/** @type {string} */ id) => rows.find((row) => row.id === id).perSecond / other.conns / 2;
  return Object.fromEntries(one.servers.map((id) => [id, half(likeOf(id))]));
}

/** Measure a work at each of its sizes. @param {import("./growth.mjs").Growth} one */
async function runGrowth(one) {
  console.log(`\n${one.title} (${one.name})`);
  const measuredLines = [];
  for (const id of one.servers) {
    const sizes = one.sizes.filter((size) => size <= (one.sizesMax?.[id] ?? size));
    const points = [];
    for (const size of sizes) points.push({ size, value: await growthPoint(one, id, size) });
    measuredLines.push({ id, server: servers[id].name, points });
  }
  const lines = judged(measuredLines);
  for (const { isWorse, lastSlope, points, server, slope } of lines) {
    const costs = points.map(({ size, value }) => `${size}: ${value.toPrecision(3)}`).join(", ");
    console.log(`${server}: CPU µs for each ${one.per}, ${costs}`);
    const verdict = isWorse ? ": WORSE THAN LINEAR" : "";
    console.log(`  slope ${slopeText(slope)}, at the end ${slopeText(lastSlope)}${verdict}`);
  }
  const { caseOf: _, unitsOf: __, onceFrom: ___, ...told } = one;
  return { ...told, lines };
}

/**
 * CPU µs for a unit of the work at this size.
 *
 * @param {import("./growth.mjs").Growth} one
 * @param {string} id
 * @param {number} size
 */
async function growthPoint(one, id, size) {
  const samples = [];
  // The slope at the end hangs on two sizes alone.
  const most = one.sizes.indexOf(size) >= one.sizes.length - 2 && size < (one.onceFrom ?? Infinity) ? 2 : 1;
  for (let round = 0; round < Math.min(rounds, most); round++)
    samples.push(await measure(one.caseOf(size), id, { ms }));
  return median(samples.map(({ serverCpuUs }) => serverCpuUs)) / (one.unitsOf?.(size) ?? 1);
}

function printTargets(/** @type {any} */ measured) {
  const table = targetsOf(measured).map(({ isMet, measured: is, target, what }) => ({
    what,
    target,
    measured: is,
    met: isMet ? "yes" : "NO",
  }));
  if (table.length > 0) console.table(table);
}

/** @param {import("./cases.mjs").Case} one @param {readonly import("./measure.mjs").Row[]} rows */
function print({ mode }, rows) {
  const [ours] = rows;
  const cells = rows.map((row) =>
    mode === "idle"
      ? {
          server: row.server,
          "bytes at first": Math.round(row.bytesAtFirst),
          "bytes each": Math.round(row.bytesPerConnection),
          ours: ratio(ours.bytesPerConnection, row.bytesPerConnection),
        }
      : {
          server: row.server,
          "per second": Math.round(row.perSecond),
          "CPU µs": Number(row.cpuUs.toFixed(2)),
          ours: ratio(ours.cpuUs, row.cpuUs),
          "p50 µs": Math.round(row.p50Us),
          "p99 µs": Math.round(row.p99Us),
          "p99.9 µs": Math.round(row.p999Us),
          "RSS MB": Math.round(row.residentMb),
          "load's CPU": `${Math.round(row.loadCpuShare * 100)} %`,
        },
  );
  console.table(cells);
}

/** Ours as a multiple of a peer's: below 1 we need less. */
function ratio(/** @type {number} */ ours, /** @type {number} */ theirs) {
  return `${(ours / theirs).toFixed(2)} ×`;
}
