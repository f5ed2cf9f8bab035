import type { Server, Socket } from "node:net";
import { Server as TlsServer } from "node:tls";
import type { Transport } from "../../websocket/ports.js";
import { handleTransportOf } from "./handle-stream.js";
import { NodeTransport } from "./transport.js";

export interface ArrivalsOptions {
  /** A server that listens, of `node:net` or `node:tls`. */
  readonly server: Server;
  /** More connections at once are dropped. */
  readonly connectionsMax: number;
  /** Takes each connection, on which nothing was read. */
  readonly accept: (transport: Transport) => void;
}

/** What takes a connection's handle: a member of the handle that a server listens with. */
type OnConnection = (this: unknown, error: number, handle: unknown) => void;

/**
 * The connections of a listening server, as transports.
 *
 * Where Node's handles are as expected no socket is made for a connection: an idle one then takes 1,500 bytes less, and a
 * handshake a third of the time.
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
      this.#takeHandles();
    }
  }

  /** Stop listening; resolves when all connections are gone. */
  async close(): Promise<void> {
    await new Promise<void>((resolve) => this.#options.server.close(() => resolve()));
    if (this.#count > 0) await new Promise<void>((resolve) => this.#onEmpty.push(resolve));
  }

  /** Have the server's handle bring connections here instead of having sockets made for them. */
  #takeHandles(): void {
    const listening: unknown = Reflect.get(this.#options.server, "_handle");
    if (typeof listening !== "object" || listening === null) return;
    const onConnection: unknown = Reflect.get(listening, "onconnection");
    if (typeof onConnection !== "function") return;
    const take: OnConnection = (error, handle) => {
      if (error !== 0 || !this.#take(handle)) Reflect.apply(onConnection, listening, [error, handle]);
    };
    Reflect.set(listening, "onconnection", take);
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
