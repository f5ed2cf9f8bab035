/** The whole system: `node busbar.mjs PORT channel memory|disk`. One channel, and everybody may do everything. */
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { channel, contract } from "../../dist/index.js";
import { serve } from "../../dist/server/index.js";

const [, , port, , durability = "memory"] = process.argv;
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
  bench: channel({ message: text, history: { keep: 10_000 }, allow: { subscribe: all, publish: all } }),
});
const principal = { id: "load", roles: all, claims: {}, expiresAtMs: undefined };
await serve(app, {
  port: Number(port),
  host: "127.0.0.1",
  keepalive: false,
  origins: "any",
  authenticate: () => principal,
  logger: { debug() {}, info() {}, warn() {}, error: console.error },
  limits: {
    session: { commandsPerSecond: 1e9, commandsBurstMax: 1e9, bytesPerSecond: 1e12 },
    pipeline: { waitingMax: 100_000 },
  },
  ...(durability === "disk" && { store: mkdtempSync(join(tmpdir(), "busbar-bench-")) }),
});
console.log("listening");
