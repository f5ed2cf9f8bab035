/**
 * The whole system: `node busbar.mjs PORT WORK OPTIONS`, where OPTIONS is JSON: `durability`, `keep` (messages of a channel),
 * and `history` (so many of `size` bytes are in the channel from the beginning). Everybody may do everything.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { channel, contract } from "../../dist/index.js";
import { serve } from "../../dist/server/index.js";

const [, , port, , words = "{}"] = process.argv;
const { durability = "memory", keep = 10_000, history = 0, size = 64, presence = false } = JSON.parse(words);

/** A schema that checks what a benchmark's payload is, without a library. */
const text = {
  "~standard": {
    version: 1,
    vendor: "bench",
    validate: (value) => (typeof value === "string" ? { value } : { issues: [{ message: "must be a string" }] }),
  },
};
const all = ["all"];
const app = contract({
  "bench/:room": channel({
    message: text,
    history: { keep },
    durability,
    allow: { subscribe: all, publish: all, presence: all },
    ...(presence && { presence: text }),
  }),
});
const principal = { id: "load", roles: all, claims: {}, expiresAtMs: undefined };
const much = 1e12;
const folder = durability === "disk" ? mkdtempSync(join(tmpdir(), "busbar-bench-")) : undefined;
const server = await serve(app, {
  port: Number(port),
  host: "127.0.0.1",
  keepalive: false,
  origins: "any",
  authenticate: () => principal,
  logger: { debug() {}, info() {}, warn() {}, error: console.error },
  limits: {
    socket: { messageBytesMax: 2 * 1024 * 1024 },
    session: {
      commandsPerSecond: much,
      commandsBurstMax: much,
      bytesPerSecond: much,
      commandsWaitingMax: 100_000,
      subscriptionsMax: 1_000_000,
    },
    memory: { logsMax: 1_000_000, logBytesMax: 4e9, bytesMax: 4e9 },
    pipeline: { waitingMax: 100_000 },
  },
  ...(folder !== undefined && { store: folder }),
});

/** As the load generator writes them: a mark, 12 digits that count, padding. */
const body = (number) => `~${String(number).padStart(12, "0")}`.padEnd(size, "x");
const collectGarbage = () => {
  setFlagsFromString("--expose-gc");
  runInNewContext("gc")();
};
const log = server.channel("bench/000000");
const AT_ONCE = 1_000;
for (let from = 0; from < history; from += AT_ONCE)
  await log.publishAll(Array.from({ length: Math.min(AT_ONCE, history - from) }, (_, index) => body(from + index)));
// What filling the log left behind is not to be cleared away while something else is measured.
if (history > 0) collectGarbage();
console.log("listening");

process.once("SIGTERM", () => {
  if (folder !== undefined) rmSync(folder, { recursive: true });
  process.exit();
});
