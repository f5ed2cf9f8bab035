/** The process that is attacked: an echo on a port of its own, and one that is attached to an HTTP server. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { setImmediate as nextTurn } from "node:timers/promises";
import { attach, serve, type ServerOptions, type SocketHandler } from "../../src/engine/index.js";

/** What the process tells of itself when it is asked. */
export interface TargetReport {
  /** What is held after a collection: heap, and bytes outside of it. */
  readonly heldBytes: number;
  /** The most that was ever held, as the system sees it. */
  readonly peakBytes: number;
  /** Open sockets, of both servers. */
  readonly sockets: number;
}

export interface TargetPorts {
  readonly served: number;
  readonly attached: number;
}

const HANDSHAKE_TIMEOUT_MS = 400;

const options: ServerOptions = {
  path: "/socket",
  compression: { fromBytes: 0, contextTakeover: true },
  limits: { handshakeTimeoutMs: HANDSHAKE_TIMEOUT_MS },
  keepalive: false,
  // Whatever an application may read of a request is read.
  authenticate: ({ cookies, credentials, headers, url }) => ({
    id: credentials?.scheme ?? "anybody",
    roles: [],
    claims: {
      cookies: [...cookies],
      agent: headers.get("user-agent"),
      query: [...new URL(url, "ws://a").searchParams],
    },
    expiresAtMs: undefined,
  }),
};

const echo: SocketHandler = async (socket) => {
  for await (const message of socket) await socket.send(message);
};

const served = await serve(echo, { ...options, host: "127.0.0.1" });
const httpServer = createServer(
  { headersTimeout: HANDSHAKE_TIMEOUT_MS, requestTimeout: HANDSHAKE_TIMEOUT_MS, connectionsCheckingInterval: 100 },
  (_, response) => response.end("a page"),
);
const attached = attach(httpServer, { ...options, handler: echo });

/** A collection leaves what a later turn of the loop frees: buffers whose owners it found, and sockets that end. */
const COLLECTIONS_MAX = 20;

/** What is held when a collection frees nothing more. */
async function heldBytes(): Promise<number> {
  let held = Number.POSITIVE_INFINITY;
  for (let collection = 0; collection < COLLECTIONS_MAX; collection++) {
    globalThis.gc?.();
    await nextTurn();
    const { arrayBuffers, heapUsed } = process.memoryUsage();
    if (heapUsed + arrayBuffers >= held) return held;
    held = heapUsed + arrayBuffers;
  }
  return held;
}

async function report(): Promise<TargetReport> {
  return {
    heldBytes: await heldBytes(),
    peakBytes: process.resourceUsage().maxRSS * 1024,
    sockets: served.sockets.size + attached.sockets.size,
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

httpServer.listen(0, "127.0.0.1", () => {
  const ports: TargetPorts = { served: served.port ?? 0, attached: (httpServer.address() as AddressInfo).port };
  process.send?.(ports);
});
