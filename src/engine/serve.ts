import { listenOnNode } from "./listen-node.js";
import type { ServeOptions } from "./options.js";
import { serveOn } from "./serve-on.js";
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
