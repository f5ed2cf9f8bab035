import { listenOnBun } from "./listen-bun.js";
import type { ServeOptions } from "./options.js";
import { serveOn } from "./serve-on.js";
import type { SocketHandler } from "./socket-host.js";
import type { WebSocketServer } from "./web-socket-server.js";

/**
 * Serve WebSockets on a port of their own, on Bun's TCP; resolves when it is listened on.
 *
 * @throws BusbarError `server/cannot-listen`, with the system's error as its cause, or `options/invalid`.
 */
export function serve(handler: SocketHandler, options: ServeOptions = {}): Promise<WebSocketServer> {
  return serveOn(listenOnBun, handler, options);
}
