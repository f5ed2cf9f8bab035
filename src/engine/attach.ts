import type { ServerOptions } from "./options.js";
import { SocketHost, type SocketHandler } from "./socket-host.js";
import { UpgradeRouter, type UpgradeSource } from "./upgrade-router.js";
import { WebSocketServer } from "./web-socket-server.js";

export interface AttachOptions extends ServerOptions {
  readonly handler: SocketHandler;
}

/**
 * Serve WebSockets on an HTTP server that exists; its other requests stay as they are.
 *
 * It can be called several times with different paths. Upgrades of paths that nothing is attached for are left to the
 * server's other `upgrade` listeners, and refused with 404 where there are none. Closing the result closes the sockets,
 * not the HTTP server.
 *
 * @throws BusbarError `options/invalid`, or `server/path-taken` when something is attached for this path already.
 */
export function attach(httpServer: UpgradeSource, options: AttachOptions): WebSocketServer {
  const host = new SocketHost(options.handler, options);
  const detach = UpgradeRouter.of(httpServer).add(options.path, host);
  return new WebSocketServer({
    host,
    port: undefined,
    url: undefined,
    stop: async () => detach(),
  });
}
