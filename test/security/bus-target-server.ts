/** The process that is attacked: a bus server with its default limits, which tells how long its event loop stood still. */
import { setImmediate as nextTurn } from "node:timers/promises";
import { call, channel, contract } from "busbar";
import { basic, bearer, consoleLogger, serve } from "busbar/server";
import { z } from "zod";
import type { GivenKeys } from "./forged-tokens.js";
import { StallWatch } from "./stall-watch.js";

/** What the server tells of itself, since the last time. */
export interface BusTargetReport {
  /** The longest time in which its event loop did not come round, without what others took of the machine. */
  readonly stallMs: number;
  readonly stallWallMs: number;
  /** The part of the time in which the machine ran others although the server was ready. */
  readonly crowding: number;
  /** What is held after a collection: heap, and bytes outside of it. */
  readonly heldBytes: number;
  readonly rssBytes: number;
  /** The most that was resident since the last time. */
  readonly peakRssBytes: number;
  readonly connections: number;
  readonly logLines: number;
  /** What every object inherits and should not. */
  readonly prototypeKeys: readonly string[];
}

const app = contract({
  "chat/:room": channel({
    message: z.object({ text: z.string().max(10_000) }),
    presence: z.object({ name: z.string().max(100) }),
    history: { keep: 10 },
    allow: { subscribe: ["member", "reader"], publish: ["member"], presence: ["member"] },
  }),
  "board/:name": channel({ message: z.unknown(), allow: { subscribe: ["member"], publish: ["member"] } }),
  "feed/:name": channel({
    message: z.string(),
    history: { keep: 10 },
    allow: { subscribe: ["member"], publish: ["member"] },
  }),
  "staff/:room": channel({
    message: z.object({ text: z.string() }),
    history: { keep: 10 },
    allow: { subscribe: ["staff"], publish: ["staff"] },
  }),
  "echo/:name": call({ input: z.unknown(), output: z.unknown(), allow: { call: ["member"] } }),
});

const users = {
  ada: { password: "lovelace", roles: ["member"] },
  bob: { password: "builder", roles: ["member"] },
  rob: { password: "reads", roles: ["reader"] },
  eve: { password: "watches", roles: ["staff"] },
};

const keys: GivenKeys = JSON.parse(process.argv[2] ?? "{}");
const { audience, issuer, kids, otherIssuer } = keys;
const tokens = [
  bearer(
    [
      { alg: "HS256", secret: Buffer.from(keys.secret, "base64") },
      { alg: "RS256", publicKey: keys.published, kid: kids.published },
      { alg: "PS256", publicKey: keys.pss, kid: kids.pss },
      { alg: "ES256", publicKey: keys.ec },
      { alg: "EdDSA", publicKey: keys.ed },
    ],
    { issuer, audience },
  ),
  bearer({ alg: "ES256", publicKey: keys.partner, issuer: otherIssuer, audience }),
];

const stalls = new StallWatch();

/** How often the resident memory is looked at. */
const LOOK_EVERY_MS = 20;

let peakRssBytes = 0;
setInterval(() => {
  peakRssBytes = Math.max(peakRssBytes, process.memoryUsage.rss());
}, LOOK_EVERY_MS);

let logLines = 0;
const server = await serve(app, {
  host: "127.0.0.1",
  // Who can be known by the handshake is; all others have to say it.
  authenticate: [basic(users), ...tokens],
  compression: true,
  // Low, so that it is reached: what was published to a channel is remembered up to there, and must not add up.
  limits: { memory: { logsMax: 1000 } },
  handle: { "echo/:name": (input) => input },
  // Every line is made, as it would be for a log that is kept.
  logger: consoleLogger({ write: (line) => void (logLines += line.length > 0 ? 1 : 0) }),
});

/** A collection leaves what a later turn of the loop frees: buffers whose owners it found, and sockets that end. */
const COLLECTIONS_MAX = 20;

/** What is held when a collection frees nothing more: heap, and bytes outside of it. */
async function heldBytes(): Promise<number> {
  let held = Number.POSITIVE_INFINITY;
  for (let collection = 0; collection < COLLECTIONS_MAX; collection++) {
    globalThis.gc?.();
    await nextTurn();
    const { external, heapUsed } = process.memoryUsage();
    if (heapUsed + external >= held) return held;
    held = heapUsed + external;
  }
  return held;
}

async function report(): Promise<BusTargetReport> {
  const { crowding, stallMs, stallWallMs } = stalls.stop();
  const peak = Math.max(peakRssBytes, process.memoryUsage.rss());
  const held = await heldBytes();
  const { rss } = process.memoryUsage();
  peakRssBytes = rss;
  const prototypeKeys = Object.keys(Object.prototype);
  const { connections } = server;
  stalls.start();
  return {
    stallMs,
    stallWallMs,
    crowding,
    heldBytes: held,
    rssBytes: rss,
    peakRssBytes: peak,
    connections,
    logLines,
    prototypeKeys,
  };
}

process.on("message", () => {
  report().then(
    (told) => process.send?.(told),
    (error: unknown) => {
      throw error;
    },
  );
});

stalls.start();
process.send?.(server.port);
