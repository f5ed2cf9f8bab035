import { createServer, type ListenOptions, type Server, type Socket } from "node:net";
import { createServer as createTlsServer, type Server as TlsServer, type TlsOptions } from "node:tls";
import { Arrivals } from "../adapters/node/arrivals.js";
import { BusbarError } from "../kernel/errors.js";
import { limitsOf, type ServeOptions } from "./options.js";
import { SocketHost, type SocketHandler } from "./socket-host.js";
import { WebSocketServer } from "./web-socket-server.js";

/** How many connections beyond `connectionsMax` are told that they are too many; any more are dropped. */
const REFUSED_AT_ONCE_MAX = 1000;

/**
 * Serve WebSockets on a port of their own; resolves when it is listened on.
 *
 * @example
 * await serve(async (socket) => {
 *   for await (const message of socket) await socket.send(`reply: ${message}`);
 * }, { port: 8765 });
 * @throws BusbarError `server/cannot-listen`, with the system's error as its cause, or `options/invalid`.
 */
export async function serve(handler: SocketHandler, options: ServeOptions = {}): Promise<WebSocketServer> {
  const host = new SocketHost(handler, options);
  const server = createListener(options);
  const beforeTls = options.tls === undefined ? new Set<Socket>() : connectionsOf(server);
  await listen(server, options);
  const arrivals = new Arrivals({
    server,
    connectionsMax: limitsOf(options).connectionsMax + REFUSED_AT_ONCE_MAX,
    accept: (transport) => host.accept(transport),
  });
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : undefined;
  const scheme = options.tls === undefined ? "ws" : "wss";
  return new WebSocketServer({
    host,
    port,
    url: port === undefined ? undefined : `${scheme}://${urlHost(options.host)}:${port}${options.path ?? "/"}`,
    stop: async (drained) => {
      const stopped = arrivals.close();
      await drained;
      // Whoever is left has not got through the handshake of TLS, and so was nobody to be told.
      for (const socket of beforeTls) socket.destroy();
      await stopped;
    },
  });
}

function createListener(options: ServeOptions): Server {
  if (options.tls === undefined) return createServer();
  const server = createSecureListener({ ...options.tls, handshakeTimeout: limitsOf(options).handshakeTimeoutMs });
  server.on("tlsClientError", (error, socket) => {
    options.logger?.debug("websocket/tls-failed", { address: socket.remoteAddress, error: error.message });
  });
  return server;
}

/** @throws BusbarError `options/invalid` when key and certificate are no such. */
function createSecureListener(options: TlsOptions): TlsServer {
  try {
    return createTlsServer(options);
  } catch (cause) {
    const detail = cause instanceof Error ? cause.message : String(cause);
    throw new BusbarError("options/invalid", `the option tls cannot be used: ${detail}`, { cause });
  }
}

/** The server's connections, as they come and go. */
function connectionsOf(server: Server): ReadonlySet<Socket> {
  const connections = new Set<Socket>();
  server.on("connection", (socket) => {
    connections.add(socket);
    socket.on("close", () => connections.delete(socket));
  });
  return connections;
}

function listen(server: Server, options: ServeOptions): Promise<void> {
  const { host, port = 0, socketPath } = options;
  const where: ListenOptions =
    socketPath === undefined ? { port, ...(host !== undefined && { host }) } : { path: socketPath };
  return new Promise((resolve, reject) => {
    const onError = (cause: unknown): void => {
      const detail = cause instanceof Error ? cause.message : String(cause);
      const place = socketPath ?? `port ${port}`;
      reject(new BusbarError("server/cannot-listen", `cannot listen on ${place}: ${detail}`, { cause }));
    };
    server.once("error", onError);
    try {
      server.listen(where, () => {
        server.off("error", onError);
        server.on("error", (error) => options.logger?.error("websocket/listener-failed", { error: error.message }));
        resolve();
      });
    } catch (cause) {
      onError(cause);
    }
  });
}

function urlHost(host: string | undefined): string {
  if (host === undefined || host === "0.0.0.0" || host === "::") return "localhost";
  return host.includes(":") ? `[${host}]` : host;
}
