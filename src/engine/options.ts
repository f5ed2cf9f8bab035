import type { ConnectionOptions as TlsConnectionOptions, TlsOptions } from "node:tls";
import type { Authenticator } from "../auth/authenticator.js";
import type { Logger } from "../kernel/logger.js";
import type { WhenFull } from "../websocket/sender.js";
import type { SocketLimits } from "../websocket/socket-kind.js";

/** What a peer may use up. Every limit is an option; what exceeds one gets an error with a code. */
export interface Limits {
  /** The longest message in bytes, after inflating; a longer one closes with 1009. */
  readonly messageBytesMax: number;
  /** The most frames of one message, empty ones counted; more close with 1008. */
  readonly fragmentsMax: number;
  /** How many bytes can wait for one peer before `send` waits or is refused. */
  readonly outboxBytesMax: number;
  /** Request line and headers in bytes; more are answered with 431. */
  readonly headBytesMax: number;
  /** How many headers a handshake has at most; more are answered with 431. */
  readonly headersMax: number;
  /** How long a handshake may take, authentication counted; then 408. */
  readonly handshakeTimeoutMs: number;
  /** How long a peer may take to answer a close frame and to end the transport. */
  readonly closeTimeoutMs: number;
  /** Open connections and handshakes in all; more are answered with 503. */
  readonly connectionsMax: number;
  /** The same for one address; more are answered with 429. */
  readonly connectionsPerAddressMax: number;
}

export interface KeepaliveOptions {
  /** After this much silence the peer is pinged. */
  readonly idleMs?: number;
  /** After this much more it is taken for gone. */
  readonly timeoutMs?: number;
}

export interface CompressionOptions {
  /** zlib's level, 1 (fastest) to 9 (smallest). */
  readonly level?: number;
  /** Messages from this size in bytes on are compressed. */
  readonly fromBytes?: number;
  /** Whether each message is compressed with what came before: smaller, at 64 KiB more for a connection. */
  readonly contextTakeover?: boolean;
}

/** What both ends of a socket can choose. */
export interface SocketOptions {
  readonly limits?: Partial<Limits>;
  /** Default: a ping after 25 s of silence, gone after 10 s more. `false`: none. */
  readonly keepalive?: KeepaliveOptions | false;
  /** permessage-deflate (RFC 7692). Default: off. */
  readonly compression?: CompressionOptions | boolean;
  /** What `send` does when `outboxBytesMax` bytes wait. Default: "wait". */
  readonly whenFull?: WhenFull;
  /** Where one line for each refusal and failure goes. Default: nowhere. */
  readonly logger?: Logger;
}

/** A handshake that was refused, for an audit trail. */
export interface HandshakeRefusal {
  readonly address: string;
  /** As in the log: `handshake/origin`, `handshake/not-authenticated` … */
  readonly code: string;
  /** The HTTP status of the answer. */
  readonly status: number;
}

/** What a server of sockets can choose, attached or not. */
export interface ServerOptions extends SocketOptions {
  /** The one path that is served; others are answered with 404. Default: all paths. */
  readonly path?: string;
  /** Subprotocols in the order of preference. Default: none. */
  readonly subprotocols?: readonly string[];
  /** Who may connect. Several are asked in order, until one knows the client. Default: everybody. */
  readonly authenticate?: Authenticator | readonly Authenticator[];
  /** Which pages may connect: "same" (the server's own origin, the default), "any", or a list of origins. */
  readonly origins?: "same" | "any" | readonly string[];
  /**
   * Proxies in front of the server, whose `X-Forwarded-For` and `X-Forwarded-Proto` are believed: addresses, ranges such as
   * `10.0.0.0/8`, and `local` for a Unix socket. Default: nobody's word is taken for where it comes from.
   */
  readonly trustProxy?: readonly string[];
  /** Told of each handshake that is refused. It must not throw. */
  readonly onRefused?: ((refusal: HandshakeRefusal) => void) | undefined;
}

export interface ServeOptions extends ServerOptions {
  /** Default: 0, which has the system choose a free one. */
  readonly port?: number;
  /** The address to listen on. Default: all of the machine's. */
  readonly host?: string;
  /** A Unix socket to listen on instead of a port. One that nobody listens on any more is taken over. */
  readonly socketPath?: string;
  /** Key and certificate (and whatever else `node:tls` knows) for `wss:`. */
  readonly tls?: TlsOptions;
}

export interface ConnectOptions extends SocketOptions {
  /** Subprotocols to offer. */
  readonly subprotocols?: readonly string[];
  /** More headers for the handshake, such as `Authorization`; that one counts more than what the URL says. */
  readonly headers?: Readonly<Record<string, string>>;
  /** A Unix socket to connect to instead of the URL's host and port. */
  readonly socketPath?: string;
  /** Options of `node:tls` for `wss:`, such as `ca`. */
  readonly tls?: TlsConnectionOptions;
  /** Gives the attempt up. */
  readonly signal?: AbortSignal;
}

/** The one table of defaults. */
export const limitDefaults: Limits = {
  messageBytesMax: 1024 * 1024,
  fragmentsMax: 1024,
  outboxBytesMax: 1024 * 1024,
  headBytesMax: 16 * 1024,
  headersMax: 100,
  handshakeTimeoutMs: 5000,
  closeTimeoutMs: 5000,
  connectionsMax: 100_000,
  connectionsPerAddressMax: Number.POSITIVE_INFINITY,
};

export const keepaliveDefaults: Required<KeepaliveOptions> = { idleMs: 25_000, timeoutMs: 10_000 };

export const compressionDefaults: Required<CompressionOptions> = {
  level: 1,
  fromBytes: 1024,
  contextTakeover: false,
};

export function limitsOf(options: SocketOptions): Limits {
  return { ...limitDefaults, ...options.limits };
}

/** The chosen compression with its defaults; undefined when it is off. */
export function compressionOf(options: SocketOptions): Required<CompressionOptions> | undefined {
  const { compression = false } = options;
  if (compression === false) return undefined;
  return compression === true ? compressionDefaults : { ...compressionDefaults, ...compression };
}

export function socketLimitsOf(options: SocketOptions): SocketLimits {
  const { closeTimeoutMs, fragmentsMax, messageBytesMax, outboxBytesMax } = limitsOf(options);
  const keepalive = { ...keepaliveDefaults, ...options.keepalive };
  return {
    messageBytesMax,
    fragmentsMax,
    outboxBytesMax,
    whenFull: options.whenFull ?? "wait",
    closeTimeoutMs,
    keepaliveIdleMs: options.keepalive === false ? 0 : keepalive.idleMs,
    keepaliveTimeoutMs: keepalive.timeoutMs,
    deflateFromBytes: compressionOf(options)?.fromBytes ?? 0,
  };
}
