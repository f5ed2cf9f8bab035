/** Runs one server under one load, each on a core of its own, and tells what the load generator told. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import { servers } from "./servers.mjs";

const SERVER_CORE = "0";
const LOAD_CORE = "1";

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
 * @property {number} [bytesPerConnection]
 */

/**
 * Run a server under a load; `rate` is a fixed number of publishes a second.
 *
 * @param {Case} one
 * @param {string} id of the server
 * @param {{ ms: number, rate?: number }} how
 * @returns {Promise<Sample>}
 */
export async function measure(one, id, { ms, rate = 0 }) {
  const { command, dialect, path } = servers[id];
  const port = await freePort();
  const { deflate = false, history = 0, rooms = 1, size } = one;
  const work = rooms > 1 ? "rooms" : one.mode === "fanout" || one.mode === "resume" ? "fanout" : "echo";
  const words = command({ port, work, deflate, options: { history, size, ...one.options } });
  const server = spawn("taskset", ["-c", SERVER_CORE, ...words], { stdio: ["ignore", "pipe", "inherit"] });
  try {
    const ended = once(server, "exit").then(([code]) => Promise.reject(new Error(`${words.join(" ")} ended: ${code}`)));
    await Promise.race([once(server.stdout, "data"), ended]);
    ended.catch(() => {});
    return await runLoad({
      port,
      pid: server.pid,
      mode: one.mode,
      dialect,
      path,
      conns: connsOf(one, id),
      size,
      inflight: one.inflight,
      warmup: one.warmupMs ?? 800,
      ms: Math.max(ms, one.msMin ?? 0),
      rate,
      deflate: Number(deflate),
      rooms,
      ...(one.members !== undefined && { members: one.members }),
      missed: one.missed ?? 0,
      history,
    });
  } finally {
    await stop(server);
  }
}

/** @param {Case} one @param {string} id */
export const connsOf = ({ conns, connsOf: others = {} }, id) => others[id] ?? conns;

/** @param {Readonly<Record<string, unknown>>} options */
async function runLoad(options) {
  const flags = Object.entries(options).flatMap(([name, value]) => [`--${name}`, String(value)]);
  const load = spawn("taskset", ["-c", LOAD_CORE, "build/load", ...flags], { stdio: ["ignore", "pipe", "inherit"] });
  let told = "";
  load.stdout.on("data", (text) => (told += text));
  const [code] = await once(load, "close");
  if (code !== 0) throw new Error(`the load failed: load ${flags.join(" ")}`);
  return JSON.parse(told);
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
