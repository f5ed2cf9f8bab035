/** Runs one server under one load, each on a core of its own, and tells what the load generator told. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import { servers } from "./servers.mjs";

const SERVER_CORE = "0";
const LOAD_CORE = "1";
/** Until code that runs often is compiled. */
const WARMUP_MS = 2000;

/**
 * @typedef {import("./cases.mjs").Case} Case
 * @typedef {Readonly<Record<string, number>>} Sample what the load generator tells
 * @typedef {object} Row the medians of a server's samples
 * @property {string} id
 * @property {string} server
 * @property {number} conns
 * @property {number} perSecond
 * @property {number} cpuUs
 * @property {number} p50Us
 * @property {number} p99Us
 * @property {number} p999Us
 * @property {number} residentMb
 * @property {number} loadCpuShare
 * @property {number} bytesReceived for each operation
 * @property {number} [publishesPerSecond] where the rate was fixed
 * @property {number} [bytesPerConnection] when all of them have been idle for a while
 * @property {number} [bytesAtFirst] … and when they had just come
 */

/**
 * A server that runs on its core.
 *
 * @typedef {object} Running
 * @property {number} port
 * @property {number} pid
 * @property {Promise<never>} ended rejects when it ends by itself
 * @property {() => Promise<void>} stop
 */

/**
 * Start a case's server, and wait until it listens.
 *
 * @param {Case} one
 * @param {string} id of the server
 * @returns {Promise<Running>}
 */
export async function start(one, id) {
  const { deflate = false, history = 0, rooms = 1, size } = one;
  const work = rooms > 1 ? "rooms" : one.mode === "fanout" || one.mode === "resume" ? "fanout" : "echo";
  const port = await freePort();
  const words = servers[id].command({ port, work, deflate, options: { history, size, ...one.options } });
  const server = spawn("taskset", ["-c", SERVER_CORE, ...words], { stdio: ["ignore", "pipe", "inherit"] });
  const ended = once(server, "exit").then(([code]) => Promise.reject(new Error(`${words.join(" ")} ended: ${code}`)));
  ended.catch(() => {});
  await Promise.race([once(server.stdout, "data"), ended]);
  return { port, pid: server.pid, ended, stop: () => stop(server) };
}

/**
 * Put a load on a server; `rate` is a fixed number of publishes a second.
 *
 * @param {Case} one
 * @param {string} id of the server
 * @param {Running} server
 * @param {{ ms: number, warmup?: number | undefined, rate?: number, onCame?: () => void }} how `onCame` is told, in an idle
 *   case, when all connections are there
 * @returns {Promise<Sample>}
 */
export function load(one, id, { ended, pid, port }, { ms, onCame, rate = 0, warmup }) {
  const { dialect, path, warmupMs = one.warmupMs ?? WARMUP_MS } = servers[id];
  const { deflate = false, history = 0, inflight, members, missed = 0, mode, rooms = 1, size } = one;
  const flags = {
    port,
    pid,
    mode,
    dialect,
    path,
    conns: connsOf(one, id),
    size,
    inflight,
    warmup: warmup ?? warmupMs,
    ms: Math.max(ms, one.msMin ?? 0),
    rate,
    deflate: Number(deflate),
    rooms,
    ...(members !== undefined && { members }),
    missed,
    history,
  };
  return Promise.race([runLoad(flags, onCame), ended]);
}

/**
 * Run a server of its own under a load.
 *
 * @param {Case} one
 * @param {string} id of the server
 * @param {{ ms: number, rate?: number }} how
 * @returns {Promise<Sample>}
 */
export async function measure(one, id, how) {
  const server = await start(one, id);
  try {
    return await load(one, id, server, how);
  } finally {
    await server.stop();
  }
}

/** @param {Case} one @param {string} id */
export const connsOf = ({ conns, connsOf: others = {} }, id) => others[id] ?? conns;

/** @param {Readonly<Record<string, unknown>>} options @param {(() => void) | undefined} onCame */
async function runLoad(options, onCame) {
  const flags = Object.entries(options).flatMap(([name, value]) => [`--${name}`, String(value)]);
  const load = spawn("taskset", ["-c", LOAD_CORE, "build/load", ...flags], { stdio: ["ignore", "pipe", "inherit"] });
  let told = "";
  load.stdout.on("data", (text) => (told += text));
  if (onCame !== undefined) load.stdout.once("data", onCame);
  const [code] = await once(load, "close");
  if (code !== 0) throw new Error(`the load failed: load ${flags.join(" ")}`);
  return Object.assign(
    {},
    ...told
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line)),
  );
}

/** Some remove what they wrote when they are asked to end; the others are ended. */
async function stop(server) {
  if (server.exitCode !== null || server.signalCode !== null) return;
  server.kill("SIGTERM");
  const late = setTimeout(() => server.kill("SIGKILL"), 2000);
  await once(server, "exit");
  clearTimeout(late);
}

/**
 * The medians of several measurements of one server.
 *
 * @param {readonly Sample[]} samples
 * @param {Case} one
 * @param {string} id
 * @returns {Row}
 */
export function summary(samples, one, id) {
  const of = (/** @type {(sample: Sample) => number} */ read) => median(samples.map(read));
  const conns = connsOf(one, id);
  return {
    id,
    server: servers[id].name,
    conns,
    perSecond: of(({ perSecond }) => perSecond),
    cpuUs: of(({ serverCpuUs }) => serverCpuUs),
    p50Us: of(({ p50Us }) => p50Us),
    p99Us: of(({ p99Us }) => p99Us),
    p999Us: of(({ p999Us }) => p999Us),
    residentMb: of(({ residentKb }) => residentKb / 1024),
    loadCpuShare: of(({ loadCpuShare }) => loadCpuShare),
    bytesReceived: of(({ bytesReceived, operations }) => bytesReceived / Math.max(1, operations)),
    ...(one.mode === "idle" && {
      bytesPerConnection: of(({ residentKb, residentKbBefore }) => ((residentKb - residentKbBefore) * 1024) / conns),
      bytesAtFirst: of(({ residentKbBefore, residentKbCame }) => ((residentKbCame - residentKbBefore) * 1024) / conns),
    }),
  };
}

/** @param {readonly number[]} numbers */
export function median(numbers) {
  const sorted = numbers.toSorted((one, other) => one - other);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

async function freePort() {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address();
  server.close();
  await once(server, "close");
  return port;
}
