import { createServer, type IncomingMessage, type Server as HttpServer, type ServerResponse } from "node:http";
import type { Server as HttpsServer } from "node:https";
import type { Contract } from "../contract/contract.js";
import { attach as attachSockets } from "../engine/attach.js";
import { limitsOf } from "../engine/options.js";
import { causeText } from "../kernel/cause-text.js";
import { BusbarError } from "../kernel/errors.js";
import type { Logger } from "../kernel/logger.js";
import { Bus } from "./bus.js";
import { BusServer } from "./bus-server.js";
import { httpDefault } from "./http-default.js";
import { HttpGuard, httpOptions } from "./http-limits.js";
import { inspect } from "./inspection.js";
import type { BusOptions, HttpHandler, ServeOptions } from "./options.js";

/**
 * Serve a contract's channels on a port of their own; resolves when it is listened on.
 *
 * @example
 * const server = await serve(app, { port: 8080, authenticate: basic(users) });
 * Rejects with `server/cannot-listen`, with the system's error as its cause, with `server/no-such-pattern`,
 * `server/not-durable`, or what the store cannot be opened for.
 */
export async function serve<App extends Contract>(app: App, options: ServeOptions<App>): Promise<BusServer<App>> {
  const bus = await Bus.open(app, options);
  const socketOptions = bus.socketOptions(options);
  const limits = limitsOf(socketOptions);
  const guard = new HttpGuard({ limits, logger: bus.logger, onRefused: socketOptions.onRefused });
  const handler = guarded(guard.around(options.http ?? httpDefault), bus.logger);
  const httpServer = createServer(httpOptions(limits), handler);
  guard.watch(httpServer);
  try {
    await listen(httpServer, options);
  } catch (error) {
    await bus.close();
    throw error;
  }
  httpServer.on("error", (error) => bus.logger.error("server/listener-failed", { cause: causeText(error) }));
  inspect(app, { options, httpServer, logger: bus.logger });
  const address = httpServer.address();
  const port = typeof address === "object" && address !== null ? address.port : undefined;
  return new BusServer({
    bus,
    sockets: attachSockets(httpServer, { ...socketOptions, handler: (socket) => bus.take(socket) }),
    port,
    url: `ws://${urlHost(options.host)}:${port}${options.path ?? "/bus"}`,
    stop: () => stop(httpServer),
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
  return new BusServer({ bus, sockets, port: undefined, url: undefined, stop: () => Promise.resolve() });
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

function listen(httpServer: HttpServer, { host, port = 0 }: { host?: string; port?: number }): Promise<void> {
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

/** Stop listening, and end what plain requests are left: the sockets have gone before. */
function stop(httpServer: HttpServer): Promise<void> {
  return new Promise((resolve) => {
    httpServer.close(() => resolve());
    httpServer.closeAllConnections();
  });
}

function urlHost(host: string | undefined): string {
  if (host === undefined || host === "0.0.0.0" || host === "::") return "localhost";
  return host.includes(":") ? `[${host}]` : host;
}
