import { BusbarError } from "../../kernel/errors.js";

/** The part of Bun's TCP sockets that is used. */
export interface BunSocket<Data> {
  /** Whatever is to be known with a socket. */
  data: Data;
  /** Undefined for a Unix socket. */
  readonly remoteAddress?: string | undefined;
  /** Returns how many bytes the kernel has taken; fewer than 0 where the connection is gone. */
  write(bytes: Uint8Array, offset?: number, length?: number): number;
  pause(): void;
  resume(): void;
  /** End our direction. */
  shutdown(): void;
  /** End both, and drop what is not on its way; `close` is told within this call, or later. */
  close(): void;
}

/** What is told of the sockets of a listener. Nothing of it is told behind `close`, but `end`. */
export interface BunSocketHandlers<Data> {
  readonly open: (socket: BunSocket<Data>) => void;
  /** The memory is the listener's. */
  readonly data: (socket: BunSocket<Data>, chunk: Uint8Array) => void;
  /** It can be written on; also told where nothing waits. */
  readonly drain: (socket: BunSocket<Data>) => void;
  /** The peer has ended its direction. */
  readonly end: (socket: BunSocket<Data>) => void;
  readonly close: (socket: BunSocket<Data>, error?: Error) => void;
  readonly error: (socket: BunSocket<Data>, error: Error) => void;
  /** TLS is there, or will not be, and then `close` follows. */
  readonly handshake: (socket: BunSocket<Data>, isDone: boolean, error: Error | null) => void;
}

export interface BunTls {
  readonly key?: unknown;
  readonly cert?: unknown;
  readonly passphrase?: unknown;
}

export interface BunListenOptions<Data> {
  readonly hostname?: string;
  readonly port?: number;
  readonly unix?: string;
  readonly tls?: BunTls;
  /** Leave our direction open when the peer ends its own. */
  readonly allowHalfOpen: true;
  readonly socket: BunSocketHandlers<Data>;
}

export interface BunTcpListener {
  /** Undefined for a Unix socket. */
  readonly port?: number;
  /** Take no more connections; those that are there stay. */
  stop(): void;
}

/** The part of the global `Bun` that is used. */
export interface Bun {
  listen<Data>(options: BunListenOptions<Data>): BunTcpListener;
}

/** Whether this is Bun. */
export const isBun: boolean = globalBun() !== undefined;

/** The global `Bun`. @throws BusbarError `server/cannot-listen` where this is not Bun. */
export function findBun(): Bun {
  const bun = globalBun();
  if (bun !== undefined) return bun;
  throw new BusbarError("server/cannot-listen", "this build of busbar/websocket is for Bun, and there is no Bun here");
}

function globalBun(): Bun | undefined {
  const found: unknown = Reflect.get(globalThis, "Bun");
  return isListening(found) ? found : undefined;
}

function isListening(found: unknown): found is Bun {
  return typeof found === "object" && found !== null && typeof Reflect.get(found, "listen") === "function";
}
