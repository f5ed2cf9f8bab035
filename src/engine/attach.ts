import type { IncomingMessage, Server as HttpServer } from "node:http";
import type { Server as HttpsServer } from "node:https";
import type { Socket } from "node:net";
import { HeaderMap } from "../protocol/header-map.js";
import type { ServerOptions } from "./options.js";
import { SocketHost, type SocketHandler } from "./socket-host.js";
import { WebSocketServer } from "./web-socket-server.js";

export interface AttachOptions extends ServerOptions {
  readonly handler: SocketHandler;
}

/**
 * Serve WebSockets on an HTTP server that exists; its other requests stay as they are.
 *
 * With a `path` upgrades of other paths are left to other listeners, and refused with 404 where there are none. Closing
 * the result closes the sockets, not the HTTP server.
 */
export function attach(httpServer: HttpServer | HttpsServer, options: AttachOptions): WebSocketServer {
  const host = new SocketHost(options.handler, options);
  const onUpgrade = (request: IncomingMessage, socket: Socket, early: Uint8Array): void => {
    const url = request.url ?? "/";
    const isOurs = options.path === undefined || url.split("?", 1)[0] === options.path;
    if (!isOurs && httpServer.listenerCount("upgrade") > 1) return;
    host.upgrade(
      socket,
      {
        method: request.method ?? "",
        target: url,
        httpVersion: request.httpVersion,
        headers: new HeaderMap(request.rawHeaders),
      },
      early,
    );
  };
  httpServer.on("upgrade", onUpgrade);
  return new WebSocketServer({
    host,
    port: undefined,
    url: undefined,
    stop: async () => {
      httpServer.off("upgrade", onUpgrade);
    },
  });
}
