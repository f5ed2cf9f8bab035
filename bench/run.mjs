/**
 * `npm run bench`: every case, each server alone on one core and the load generator on the other, the servers of a
 * case one after the other, and that several times; medians are told. `npm run bench -- NAME…` measures these cases.
 *
 * Writes `build/results.json`, and after all cases the page `docs/benchmarks.md`. `--rounds N` and `--ms N` measure longer
 * or shorter.
 */
import { execFileSync, spawn } from "node:child_process";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { once } from "node:events";
import { createServer } from "node:net";
import { cpus } from "node:os";
import { parseArgs } from "node:util";
import { cases, servers } from "./cases.mjs";
import { benchPipeline } from "./pipeline.mjs";
import { writeReport } from "./report.mjs";

const SERVER_CORE = "0";
const LOAD_CORE = "1";

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: { rounds: { type: "string", default: "3" }, ms: { type: "string", default: "1500" } },
});
process.chdir(new URL(".", import.meta.url).pathname);
mkdirSync("build", { recursive: true });
// What we are compared with is not installed with the project.
if (!existsSync("node_modules")) execFileSync("npm", ["ci", "--no-audit", "--no-fund"], { stdio: "inherit" });
execFileSync("npm", ["run", "build", "--silent"], { cwd: "..", stdio: "inherit" });
for (const program of ["load", "floor"])
  execFileSync("cc", ["-O2", "-o", `build/${program}`, `load/${program}.c`], { stdio: "inherit" });

const names = [...cases.map(({ name }) => name), "pipeline"];
const unknown = positionals.filter((name) => !names.includes(name));
if (unknown.length > 0) {
  console.error(`There is no case ${unknown.join(", ")}. There are: ${names.join(", ")}`);
  process.exit(2);
}
const isChosen = (name) => positionals.length === 0 || positionals.includes(name);
const chosen = cases.filter(({ name }) => isChosen(name));

const results = [];
for (const one of chosen) {
  console.log(`\n${one.title}`);
  const samples = Object.fromEntries(one.servers.map((name) => [name, []]));
  for (let round = 0; round < Number(values.rounds); round++)
    for (const name of one.servers) samples[name].push(await measure(one, servers[name]));
  const rows = one.servers.map((name) => ({ server: servers[name].name, ...summary(samples[name], one) }));
  results.push({ ...one, rows });
  print(one, rows);
}
const pipeline = isChosen("pipeline") ? await benchPipeline({ rounds: Number(values.rounds), ms: 5_000 }) : undefined;
const machine = { cpu: cpus()[0]?.model, cores: cpus().length, node: process.version, at: new Date().toISOString() };
const measured = { machine, options: values, results, pipeline };
writeFileSync("build/results.json", `${JSON.stringify(measured, undefined, 2)}\n`);
// A part would be taken for the whole.
if (positionals.length === 0) writeReport(measured, "../docs");

/** Run one server under one load; what the load generator tells, as numbers. */
async function measure({ conns, inflight, mode, size }, { command, dialect, path }) {
  const port = await freePort();
  const work = mode === "fanout" ? "fanout" : "echo";
  const words = command.map((word) => (word === "PORT" ? String(port) : word === "WORK" ? work : word));
  const server = spawn("taskset", ["-c", SERVER_CORE, ...words], { stdio: ["ignore", "pipe", "inherit"] });
  try {
    await Promise.race([
      once(server.stdout, "data"),
      once(server, "exit").then(([code]) => Promise.reject(new Error(`${words.join(" ")} ended with ${code}`))),
    ]);
    const options = {
      port,
      pid: server.pid,
      mode,
      dialect,
      path,
      conns,
      size,
      inflight,
      ms: mode === "idle" ? 1000 : values.ms,
    };
    const flags = Object.entries(options).flatMap(([name, value]) => [`--${name}`, String(value)]);
    const load = spawn("taskset", ["-c", LOAD_CORE, "build/load", ...flags], { stdio: ["ignore", "pipe", "inherit"] });
    let told = "";
    load.stdout.on("data", (text) => (told += text));
    const [code] = await once(load, "close");
    if (code !== 0) throw new Error(`the load failed on ${words.join(" ")}`);
    return JSON.parse(told);
  } finally {
    server.kill("SIGKILL");
    if (server.exitCode === null && server.signalCode === null) await once(server, "exit");
  }
}

/** The medians of several measurements of one server. */
function summary(samples, { conns, mode }) {
  const of = (read) => median(samples.map(read));
  return {
    perSecond: of(({ perSecond }) => perSecond),
    cpuUs: of(({ serverCpuUs }) => serverCpuUs),
    p50Us: of(({ p50Us }) => p50Us),
    p99Us: of(({ p99Us }) => p99Us),
    p999Us: of(({ p999Us }) => p999Us),
    residentMb: of(({ residentKb }) => residentKb / 1024),
    loadCpuShare: of(({ loadCpuShare }) => loadCpuShare),
    ...(mode === "idle" && {
      bytesPerConnection: of(({ residentKb, residentKbBefore }) => ((residentKb - residentKbBefore) * 1024) / conns),
    }),
  };
}

function median(numbers) {
  const sorted = numbers.toSorted((one, other) => one - other);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

function print({ mode }, rows) {
  const [ours] = rows;
  const cells = rows.map((row) =>
    mode === "idle"
      ? {
          server: row.server,
          "bytes/connection": Math.round(row.bytesPerConnection),
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
function ratio(ours, theirs) {
  return `${(ours / theirs).toFixed(2)} ×`;
}

async function freePort() {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address();
  server.close();
  await once(server, "close");
  return port;
}
