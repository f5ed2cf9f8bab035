/** The server that is killed, cut off and filled up. */
import { readFileSync } from "node:fs";
import { setImmediate as nextTurn } from "node:timers/promises";
import { basic, consoleLogger, serve } from "busbar/server";
import { StallWatch } from "../security/stall-watch.js";
import { app, user } from "./contract.js";
import { settings, tell, type ServerAsked, type ServerSettings, type ServerTold } from "./talk.js";

const { port, store } = settings<ServerSettings>();

/** Who does not read does not answer pings either; how long that may go on is not what these tests are about. */
const keepalive = { idleMs: 600_000 };

const server = await serve(app, {
  host: "127.0.0.1",
  port,
  ...(store !== undefined && { store }),
  authenticate: basic({ [user.username]: { password: user.password, roles: ["member"] } }),
  keepalive,
  logger: consoleLogger({ level: "warn" }),
});

/** A collection leaves what a later turn of the loop frees: the last ones of these free nothing more. */
const COLLECTIONS = 10;

const stalls = new StallWatch();

async function tellMemory(): Promise<void> {
  const { stallMs } = stalls.stop();
  let heldBytes = Number.POSITIVE_INFINITY;
  for (let collection = 0; collection < COLLECTIONS; collection++) {
    globalThis.gc?.();
    await nextTurn();
    const { external, heapUsed } = process.memoryUsage();
    heldBytes = Math.min(heldBytes, heapUsed + external);
  }
  // Pages of the store's file count as the process's, too, but belong to the system's cache.
  const kilobytes = /^RssAnon:\s+(\d+) kB$/m.exec(readFileSync("/proc/self/status", "utf8"))?.[1];
  tell<ServerTold>({ kind: "memory", heldBytes, anonymousBytes: Number(kilobytes) * 1024, stallMs });
  stalls.start();
}

const FILLING = "x".repeat(50_000);

async function fill(channels: readonly string[], from: number, to: number): Promise<void> {
  for (let number = from; number <= to; number++) {
    // Each filling begins with words of its own: no two channels can share the bytes.
    const publishes = channels.map((name) => {
      return server.channel(`bulk/${name}`).publish({ number, filling: `${name} ${number} ${FILLING}` });
    });
    await Promise.all(publishes);
  }
  tell<ServerTold>({ kind: "filled" });
}

async function close(drainMs: number, retryAfterMs: number): Promise<never> {
  await server.close({ drainMs, retryAfterMs });
  process.exit();
}

function doIt(asked: ServerAsked): Promise<void> {
  switch (asked.ask) {
    case "memory":
      return tellMemory();
    case "fill":
      return fill(asked.channels, asked.from, asked.to);
    case "close":
      return close(asked.drainMs, asked.retryAfterMs);
  }
}

process.on("message", (asked: ServerAsked) => {
  doIt(asked).catch((error: unknown) => {
    throw error;
  });
});

stalls.start();
tell<ServerTold>({ kind: "listening", port: server.port ?? 0 });
