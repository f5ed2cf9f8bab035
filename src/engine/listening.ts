import type { Transport } from "../websocket/ports.js";
import type { ServeOptions } from "./options.js";

/** A server that listens for connections. */
export interface Listening {
  /** Undefined for a Unix socket. */
  readonly port: number | undefined;
  /** Take no more connections; resolves when all are gone. Once `drained` has resolved, what is left may be dropped. */
  close(drained: Promise<void>): Promise<void>;
}

export interface ListenOptions {
  readonly options: ServeOptions;
  /** More connections at once are dropped. */
  readonly connectionsMax: number;
  /** Takes each connection, on which nothing was read. */
  readonly accept: (transport: Transport) => void;
}

/**
 * How a machine listens for connections; resolves when it does.
 *
 * @throws BusbarError `server/cannot-listen`, with the system's error as its cause, or `options/invalid`.
 */
export type Listen = (options: ListenOptions) => Promise<Listening>;
