import { createServer, type ListenOptions, type Server } from "node:net";
import { createServer as createTlsServer } from "node:tls";
import { BusbarError } from "../kernel/errors.js";
import { limitsOf, type ServeOptions } from "./options.js";
import { SocketHost, type SocketHandler } from "./socket-host.js";
import { WebSocketServer } from "./web-socket-server.js";

/**
 * Serve WebSockets on a port of their own; resolves when it is listened on.
 *
 * @example
 * await serve(async (socket) => {
 *   for await (const message of socket) await socket.send(`reply: ${message}`);
 * }, { port: 8765 });
 * @throws BusbarError `server/cannot-listen`, with the system's error as its cause.
 */
export async function serve(handler: SocketHandler, options: ServeOptions = {}): Promise<WebSocketServer> {
  const host = new SocketHost(handler, options);
  const server = createListener(host, options);
  await listen(server, options);
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : undefined;
  const scheme = options.tls === undefined ? "ws" : "wss";
  return new WebSocketServer({
    host,
    port,
    url: port === undefined ? undefined : `${scheme}://${urlHost(options.host)}:${port}${options.path ?? "/"}`,
    stop: () => new Promise((resolve) => server.close(() => resolve())),
  });
}

function createListener(host: SocketHost, options: ServeOptions): Server {
  if (options.tls === undefined) return createServer((socket) => host.accept(socket));
  const { handshakeTimeoutMs } = limitsOf(options);
  const server = createTlsServer({ ...options.tls, handshakeTimeout: handshakeTimeoutMs });
  server.on("secureConnection", (socket) => host.accept(socket));
  server.on("tlsClientError", (error, socket) => {
    options.logger?.debug("websocket/tls-failed", { address: socket.remoteAddress, error: error.message });
  });
  return server;
}

function listen(server: Server, options: ServeOptions): Promise<void> {
  const { host, port = 0, socketPath } = options;
  const where: ListenOptions =
    socketPath === undefined ? { port, ...(host !== undefined && { host }) } : { path: socketPath };
  return new Promise((resolve, reject) => {
    server.once("error", (cause) => {
      const place = socketPath ?? `port ${port}`;
      reject(new BusbarError("server/cannot-listen", `cannot listen on ${place}: ${cause.message}`, { cause }));
    });
    server.listen(where, () => {
      server.removeAllListeners("error");
      server.on("error", (error) => options.logger?.error("websocket/listener-failed", { error: error.message }));
      resolve();
    });
  });
}

function urlHost(host: string | undefined): string {
  if (host === undefined || host === "0.0.0.0" || host === "::") return "localhost";
  return host.includes(":") ? `[${host}]` : host;
}
