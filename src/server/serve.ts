import { createServer, type IncomingMessage, type Server as HttpServer, type ServerResponse } from "node:http";
import { createServer as createSecureServer, type Server as HttpsServer } from "node:https";
import type { Socket } from "node:net";
import type { Contract } from "../contract/contract.js";
import { attach as attachSockets } from "../engine/attach.js";
import { limitsOf } from "../engine/options.js";
import { causeText } from "../kernel/cause-text.js";
import { BusbarError } from "../kernel/errors.js";
import type { Logger } from "../kernel/logger.js";
import { Bus } from "./bus.js";
import { BusServer } from "./bus-server.js";
import { httpDefault } from "./http-default.js";
import { HttpGuard, httpOptions, type HttpLimits } from "./http-limits.js";
import { inspect } from "./inspection.js";
import type { BusOptions, HttpHandler, ServeOptions } from "./options.js";
import { tlsMaterial, TlsKeeper, type TlsOptions } from "./tls.js";

/**
 * Serve a contract's channels on a port of their own; resolves when it is listened on.
 *
 * @example
 * const server = await serve(app, { port: 8080, authenticate: basic(users) });
 * Rejects with `server/cannot-listen`, with the system's error as its cause, with `tls/unusable`, `server/no-such-pattern`,
 * `server/not-durable`, or what the store cannot be opened for.
 */
export async function serve<App extends Contract>(app: App, options: ServeOptions<App>): Promise<BusServer<App>> {
  const bus = await Bus.open(app, options);
  const socketOptions = bus.socketOptions(options);
  const limits = limitsOf(socketOptions);
  const guard = new HttpGuard({ limits, logger: bus.logger, onRefused: socketOptions.onRefused });
  const handler = guarded(guard.around(options.http ?? httpDefault), bus.logger);
  const { httpServer, tls } = createListener({ options: options.tls, limits, handler, logger: bus.logger });
  const connections = connectionsOf(httpServer);
  guard.watch(httpServer);
  try {
    await listen(httpServer, options);
  } catch (error) {
    tls?.close();
    await bus.close();
    throw error;
  }
  httpServer.on("error", (error) => bus.logger.error("server/listener-failed", { cause: causeText(error) }));
  inspect(app, { options, httpServer, logger: bus.logger });
  const address = httpServer.address();
  const port = typeof address === "object" && address !== null ? address.port : undefined;
  return new BusServer({
    bus,
    sockets: attachSockets(guard.upgrades, { ...socketOptions, handler: (socket) => bus.take(socket) }),
    port,
    url: `${tls === undefined ? "ws" : "wss"}://${urlHost(options.host)}:${port}${options.path ?? "/bus"}`,
    reloadTls: tls && ((pair) => tls.reload(pair)),
    stop: () => {
      tls?.close();
      return stop(httpServer, connections);
    },
  });
}

/**
 * Serve a contract's channels on an HTTP server that exists: Node's own, and so Express, Fastify, Hono.
 *
 * Its plain requests stay as they are. Closing the result closes the sockets, not the HTTP server. Resolves when the
 * store is open; until then there are no WebSockets.
 *
 * Rejects with `server/no-such-pattern`, `server/not-durable`, or what the store cannot be opened for.
 */
export async function attach<App extends Contract>(
  httpServer: HttpServer | HttpsServer,
  app: App,
  options: BusOptions<App>,
): Promise<BusServer<App>> {
  const bus = await Bus.open(app, options);
  const sockets = attachSockets(httpServer, {
    ...bus.socketOptions(options),
    handler: (socket) => bus.take(socket),
  });
  inspect(app, { options, httpServer, logger: bus.logger });
  const nowhere = { port: undefined, url: undefined, reloadTls: undefined };
  return new BusServer({ bus, sockets, ...nowhere, stop: () => Promise.resolve() });
}

/** Keep what the application's handler throws from ending the process. */
function guarded(handler: HttpHandler, logger: Logger): (request: IncomingMessage, response: ServerResponse) => void {
  const fail = (error: unknown, response: ServerResponse): void => {
    logger.error("server/http-failed", { cause: causeText(error) });
    if (!response.headersSent) response.writeHead(500, { "Content-Type": "text/plain; charset=utf-8" });
    response.end();
  };
  return (request, response) => {
    try {
      const done = handler(request, response);
      if (done instanceof Promise) done.catch((error: unknown) => fail(error, response));
    } catch (error) {
      fail(error, response);
    }
  };
}

function listen(
  httpServer: HttpServer | HttpsServer,
  { host, port = 0 }: { host?: string; port?: number },
): Promise<void> {
  return new Promise((resolve, reject) => {
    const onError = (cause: Error): void => {
      reject(new BusbarError("server/cannot-listen", `cannot listen on port ${port}: ${cause.message}`, { cause }));
    };
    httpServer.once("error", onError);
    httpServer.listen({ port, ...(host !== undefined && { host }) }, () => {
      httpServer.off("error", onError);
      resolve();
    });
  });
}

/** Stop listening, and end what is left: plain requests, and handshakes of TLS. The sockets have gone before. */
function stop(httpServer: HttpServer | HttpsServer, connections: ReadonlySet<Socket>): Promise<void> {
  return new Promise((resolve) => {
    httpServer.close(() => resolve());
    for (const connection of connections) connection.destroy();
  });
}

/** The server's connections, as they come and go. */
function connectionsOf(httpServer: HttpServer | HttpsServer): ReadonlySet<Socket> {
  const connections = new Set<Socket>();
  httpServer.on("connection", (socket: Socket) => {
    connections.add(socket);
    socket.on("close", () => connections.delete(socket));
  });
  return connections;
}

interface ListenerOptions {
  readonly options: TlsOptions | undefined;
  readonly limits: HttpLimits;
  readonly handler: (request: IncomingMessage, response: ServerResponse) => void;
  readonly logger: Logger;
}

interface Listener {
  readonly httpServer: HttpServer | HttpsServer;
  readonly tls: TlsKeeper | undefined;
}

/** @throws BusbarError `tls/unusable` */
function createListener({ handler, limits, logger, options }: ListenerOptions): Listener {
  if (options === undefined) return { httpServer: createServer(httpOptions(limits), handler), tls: undefined };
  const { certificate, context } = tlsMaterial(options);
  const handshakeTimeout = limits.handshakeTimeoutMs;
  const httpServer = createSecureServer({ ...httpOptions(limits), ...context, handshakeTimeout }, handler);
  httpServer.on("tlsClientError", (error, socket) => {
    logger.debug("server/tls-failed", { address: socket.remoteAddress, error: error.message });
  });
  logger.info("server/tls-loaded", certificate);
  return { httpServer, tls: new TlsKeeper({ options, server: httpServer, logger }) };
}

function urlHost(host: string | undefined): string {
  if (host === undefined || host === "0.0.0.0" || host === "::") return "localhost";
  return host.includes(":") ? `[${host}]` : host;
}
