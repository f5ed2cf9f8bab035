import { findBun, type Bun, type BunTls } from "../adapters/bun/bun.js";
import { BunListener } from "../adapters/bun/listener.js";
import { BusbarError } from "../kernel/errors.js";
import type { Listening, ListenOptions } from "./listening.js";
import type { ServeOptions } from "./options.js";
import { cannotListen, serveOn, unusableTls } from "./serve-on.js";
import type { SocketHandler } from "./socket-host.js";
import type { WebSocketServer } from "./web-socket-server.js";

/** The options of `node:tls` that are known to do under Bun what they do under Node. */
const tlsOptions: ReadonlySet<string> = new Set(["key", "cert", "passphrase"]);

/** All addresses of the machine, of both kinds. */
const EVERYWHERE = "::";

/**
 * Serve WebSockets on a port of their own, on Bun's TCP; resolves when it is listened on.
 *
 * @throws BusbarError `server/cannot-listen`, with the system's error as its cause, or `options/invalid`.
 */
export function serve(handler: SocketHandler, options: ServeOptions = {}): Promise<WebSocketServer> {
  return serveOn((listen) => listenOnBun(listen), handler, options);
}

/** Listen with Bun's TCP. */
export async function listenOnBun({ accept, connectionsMax, options }: ListenOptions, bun?: Bun): Promise<Listening> {
  const { host = EVERYWHERE, logger, port = 0, socketPath } = options;
  const tls = tlsOf(options);
  try {
    const listener = new BunListener({
      bun: bun ?? findBun(),
      where: socketPath === undefined ? { hostname: host, port } : { unix: socketPath },
      tls,
      connectionsMax,
      accept,
      onTlsFailed: (address, error) => logger?.debug("websocket/tls-failed", { address, error }),
    });
    return { port: listener.port, close: () => listener.close() };
  } catch (cause) {
    if (cause instanceof BusbarError) throw cause;
    throw isAboutTls(cause) ? unusableTls(cause) : cannotListen(options, cause);
  }
}

/** @throws BusbarError `options/invalid` for what would not be heeded. */
function tlsOf({ tls }: ServeOptions): BunTls | undefined {
  if (tls === undefined) return undefined;
  const unknown = Object.keys(tls).filter((name) => !tlsOptions.has(name));
  if (unknown.length > 0) throw unusableTls(`under Bun it has no ${unknown.join(", ")}`);
  return tls;
}

/** OpenSSL's errors have codes of their own; those of sockets are the system's. */
function isAboutTls(cause: unknown): boolean {
  return cause instanceof Error && "code" in cause && String(cause.code).startsWith("ERR_");
}
