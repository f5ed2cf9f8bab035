import type { Server, Socket } from "node:net";
import { Server as TlsServer } from "node:tls";
import type { Transport } from "../../websocket/ports.js";
import { handleTransportOf, takeConnections } from "./handle-stream.js";
import { NodeTransport } from "./transport.js";

export interface ArrivalsOptions {
  /** A server that listens, of `node:net` or `node:tls`. */
  readonly server: Server;
  /** More connections at once are dropped. */
  readonly connectionsMax: number;
  /** Takes each connection, on which nothing was read. */
  readonly accept: (transport: Transport) => void;
}

/**
 * The connections of a listening server, as transports.
 *
 * Where Node's handles are as expected no socket is made for a connection: an idle one takes 5,470 resident bytes then
 * instead of 6,210.
 */
export class Arrivals {
  readonly #options: ArrivalsOptions;
  /** The connections that the server does not know of. */
  #count = 0;
  readonly #onEmpty: (() => void)[] = [];

  constructor(options: ArrivalsOptions) {
    const { accept, connectionsMax, server } = options;
    this.#options = options;
    server.maxConnections = connectionsMax;
    if (server instanceof TlsServer) {
      server.on("secureConnection", (socket) => accept(new NodeTransport(socket)));
    } else {
      server.on("connection", (socket: Socket) => accept(new NodeTransport(socket)));
      takeConnections(server, (handle) => this.#take(handle));
    }
  }

  /** Stop listening; resolves when all connections are gone. */
  async close(): Promise<void> {
    await new Promise<void>((resolve) => this.#options.server.close(() => resolve()));
    if (this.#count > 0) await new Promise<void>((resolve) => this.#onEmpty.push(resolve));
  }

  /** Take a connection; false where it is for the server itself. */
  #take(handle: unknown): boolean {
    const transport = handleTransportOf(handle, this.#onClosed);
    if (transport === undefined) return false;
    this.#count++;
    if (this.#count > this.#options.connectionsMax) transport.destroy();
    else this.#options.accept(transport);
    return true;
  }

  readonly #onClosed = (): void => {
    this.#count--;
    if (this.#count === 0) for (const resolve of this.#onEmpty.splice(0)) resolve();
  };
}
