import type { BusbarError } from "../kernel/errors.js";
import type { Inflation } from "../protocol/connection.js";

export type { Inflation };

/** The port for a byte stream to one peer, which each side ends for itself: half of it can still be open. */
export interface Transport {
  /** The peer's address, without a port; `local` where it is on this machine and has none. */
  readonly remoteAddress: string;
  /** Whether what travels is encrypted. */
  readonly isSecure: boolean;
  /**
   * Tell `listener` from now on, in place of whoever was told before. Reading begins with the first one, unless the
   * transport was paused before.
   */
  listen(listener: TransportListener): void;
  /**
   * Hand bytes to the kernel, the pieces in order. True: it has taken all of them. Otherwise `listener` is told once, not
   * within this call, when it has or when it never will. Not called again before that, but behind the answer to a
   * handshake, nor behind `end`. After an error `transportClosed` follows.
   */
  write(pieces: readonly Uint8Array[], listener: WriteListener): boolean;
  /** Stop calling `bytesReceived`, so that the peer is slowed down. */
  pause(): void;
  resume(): void;
  /**
   * End our direction once what was written is out; a second time it does nothing. `transportClosed` follows when the
   * peer has ended its own, too.
   */
  end(): void;
  /** Drop the connection and what waits in it, at once; `transportClosed` follows, later. */
  destroy(): void;
}

/** Who waits for a write. */
export interface WriteListener {
  /** The kernel has taken all that was written; with an error, it never will. */
  written(error?: BusbarError): void;
}

/** What a transport tells the one who uses it. */
export interface TransportListener {
  /** Bytes came: they are the listener's, to be changed as well, until it returns. */
  bytesReceived(chunk: Uint8Array): void;
  /** The peer ended its direction: no more bytes come. It may be told while the transport is paused. */
  peerEnded(): void;
  /** The transport is gone; nothing follows. Called once. */
  transportClosed(error?: BusbarError): void;
}

/** What one message was compressed with, or is to be. */
export interface DeflateOptions {
  /** LZ77 window size, 9 to 15 (RFC 7692, 7.1.2). */
  readonly windowBits: number;
  /** The end of what was sent before, where the context is taken over (RFC 7692, 7.2.3.2). */
  readonly dictionary: Uint8Array | undefined;
}

export interface InflateOptions {
  /** The longest result in bytes. */
  readonly bytesMax: number;
  readonly dictionary: Uint8Array | undefined;
}

/** The port for DEFLATE (RFC 1951). Large work happens elsewhere, and only so much of it at once. */
export interface Deflate {
  /**
   * Compress one message, flushed, without the four bytes 00 00 ff ff at its end (RFC 7692, 7.2.1).
   *
   * Fails with a BusbarError, thrown or rejected.
   */
  deflate(payload: Uint8Array, options: DeflateOptions): Uint8Array | Promise<Uint8Array>;
  /** The reverse (RFC 7692, 7.2.2). Nothing beyond `bytesMax` is allocated; whatever the payload, it does not fail. */
  inflate(payload: Uint8Array, options: InflateOptions): Inflation | Promise<Inflation>;
}
