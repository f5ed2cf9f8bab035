import { BusbarError } from "../kernel/errors.js";
import type { Listen } from "./listening.js";
import { limitsOf, type ServeOptions } from "./options.js";
import { freeSocketPath } from "./socket-path.js";
import { SocketHost, type SocketHandler } from "./socket-host.js";
import { WebSocketServer } from "./web-socket-server.js";

/** How many connections beyond `connectionsMax` are told that they are too many; any more are dropped. */
const REFUSED_AT_ONCE_MAX = 1000;

/** Serve WebSockets on what `listen` listens on. */
export async function serveOn(listen: Listen, handler: SocketHandler, options: ServeOptions): Promise<WebSocketServer> {
  const host = new SocketHost(handler, options);
  if (options.socketPath !== undefined) await freeSocketPath(options.socketPath);
  const listening = await listen({
    options,
    connectionsMax: limitsOf(options).connectionsMax + REFUSED_AT_ONCE_MAX,
    accept: (transport) => host.accept(transport),
  });
  const { port } = listening;
  const scheme = options.tls === undefined ? "ws" : "wss";
  return new WebSocketServer({
    host,
    port,
    url: port === undefined ? undefined : `${scheme}://${urlHost(options.host)}:${port}${options.path ?? "/"}`,
    stop: (drained) => listening.close(drained),
  });
}

function urlHost(host: string | undefined): string {
  if (host === undefined || host === "0.0.0.0" || host === "::") return "localhost";
  return host.includes(":") ? `[${host}]` : host;
}

/** The error of a place that cannot be listened on. */
export function cannotListen({ port = 0, socketPath }: ServeOptions, cause: unknown): BusbarError {
  const place = socketPath ?? `port ${port}`;
  return new BusbarError("server/cannot-listen", `cannot listen on ${place}: ${detailOf(cause)}`, { cause });
}

/** The error of a key and a certificate that are no such. */
export function unusableTls(cause: unknown): BusbarError {
  return new BusbarError("options/invalid", `the option tls cannot be used: ${detailOf(cause)}`, { cause });
}

function detailOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}
