import { createServer, type ListenOptions as NodeListenOptions, type Server, type Socket } from "node:net";
import { createServer as createTlsServer, type Server as TlsServer, type TlsOptions } from "node:tls";
import { Arrivals } from "../adapters/node/arrivals.js";
import type { Listening, ListenOptions } from "./listening.js";
import { limitsOf, type ServeOptions } from "./options.js";
import { cannotListen, serveOn, unusableTls } from "./serve-on.js";
import type { SocketHandler } from "./socket-host.js";
import type { WebSocketServer } from "./web-socket-server.js";

/**
 * Serve WebSockets on a port of their own; resolves when it is listened on.
 *
 * @example
 * await serve(async (socket) => {
 *   for await (const message of socket) await socket.send(`reply: ${message}`);
 * }, { port: 8765 });
 * @throws BusbarError `server/cannot-listen`, with the system's error as its cause, or `options/invalid`.
 */
export function serve(handler: SocketHandler, options: ServeOptions = {}): Promise<WebSocketServer> {
  return serveOn(listenOnNode, handler, options);
}

/** Listen with Node's servers. */
async function listenOnNode({ accept, connectionsMax, options }: ListenOptions): Promise<Listening> {
  const server = createListener(options);
  const beforeTls = options.tls === undefined ? new Set<Socket>() : connectionsOf(server);
  await listen(server, options);
  const arrivals = new Arrivals({ server, connectionsMax, accept });
  const address = server.address();
  return {
    port: typeof address === "object" && address !== null ? address.port : undefined,
    close: async (drained) => {
      const stopped = arrivals.close();
      await drained;
      // Whoever is left has not got through the handshake of TLS, and so was nobody to be told.
      for (const socket of beforeTls) socket.destroy();
      await stopped;
    },
  };
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
    throw unusableTls(cause);
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
  const where: NodeListenOptions =
    socketPath === undefined ? { port, ...(host !== undefined && { host }) } : { path: socketPath };
  return new Promise((resolve, reject) => {
    const onError = (cause: unknown): void => reject(cannotListen(options, cause));
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
