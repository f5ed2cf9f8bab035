/** A server whose messages are processed: not at all, inline, or queued. It tells its CPU time and its queue when asked. */
import { basic, queued, serve, silentLogger } from "../../dist/server/index.js";
import { app } from "./contract.mjs";

const [kind, store] = process.argv.slice(2);

/** @param {{ n: number, at: number }} message */
const work = async (message) => ({ ...message, seen: true });

/** @type {Record<string, object>} */
const processors = {
  none: {},
  inline: { "load/:key": work },
  queued: { "load/:key": queued(work, { parallelMax: 1024, lengthMax: 1_000_000, key: ({ n }) => String(n % 4096) }) },
};

const much = 1e9;
const server = await serve(app, {
  authenticate: basic({ load: { password: "load", roles: ["load"] } }),
  process: processors[kind ?? "none"] ?? {},
  logger: silentLogger,
  acknowledge: ["plain-passwords", "no-tls", "no-address-limit"],
  limits: {
    session: { commandsPerSecond: much, commandsBurstMax: much, bytesPerSecond: much },
    pipeline: { waitingMax: 100_000 },
  },
  ...(store !== undefined && { store }),
});
process.on("message", () => {
  const { user, system } = process.cpuUsage();
  const queue = server.pipeline.snapshot.queues.find(({ pattern }) => pattern === "load/:key");
  process.send?.({ cpuUs: user + system, counts: queue?.counts, jobs: queue?.jobs });
});
process.on("SIGTERM", () => {
  server.close().then(() => process.exit(0));
});
process.send?.({ url: server.url });
