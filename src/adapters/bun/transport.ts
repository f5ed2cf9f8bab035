import type { BusbarError } from "../../kernel/errors.js";
import { Prefix } from "../../kernel/prefix.js";
import { droppedError, transportError } from "../../kernel/transport-error.js";
import type { Transport, TransportListener, WriteListener } from "../../websocket/ports.js";
import type { BunSocket } from "./bun.js";

/**
 * Where chunks are put before they are told, up to this length. Bun has each in memory of its own, and to ask that for its
 * buffer and make words of it, for the unmasking, takes 300 ns; with 64 B in a chunk all of it takes 200 less this way.
 */
const SHARED_BYTES = 16_384;
const shared = new Uint8Array(SHARED_BYTES);
const chunks = new Prefix(shared);

/** Bytes that the kernel has not taken. */
interface Waiting {
  readonly bytes: Uint8Array;
  /** How many of them it has. */
  taken: number;
  /** Told behind the last of what was written together. */
  readonly listener: WriteListener | undefined;
}

/** A TCP, TLS or Unix socket of Bun as a transport. */
export class BunTransport implements Transport {
  readonly #socket: BunSocket<unknown>;
  readonly remoteAddress: string;
  readonly isSecure: boolean;
  #listener: TransportListener | undefined;
  #isPaused = false;
  /** Whether Bun was told to pause: only when something comes meanwhile, for most pauses are over before. */
  #isHeld = false;
  /** What came and nobody was told yet: what came last before a reset is told although the socket is paused. */
  #early: Uint8Array[] | undefined;
  #waiting: Waiting[] | undefined;
  #isEnding = false;
  #hasPeerEnded = false;
  #isGone = false;

  constructor(socket: BunSocket<unknown>, isSecure: boolean) {
    this.#socket = socket;
    this.remoteAddress = socket.remoteAddress ?? "local";
    this.isSecure = isSecure;
  }

  listen(listener: TransportListener): void {
    this.#listener = listener;
    this.#catchUp();
  }

  write(pieces: readonly Uint8Array[], listener: WriteListener): boolean {
    if (this.#isGone) {
      queueMicrotask(() => listener.written(droppedError()));
      return false;
    }
    const [first] = pieces;
    if (pieces.length === 1 && first !== undefined) return this.#write(first, listener);
    const last = pieces.length - 1;
    return pieces.map((piece, index) => this.#write(piece, index === last ? listener : undefined)).every(Boolean);
  }

  /** Whether the kernel has all of it. */
  #write(bytes: Uint8Array, listener: WriteListener | undefined): boolean {
    if (this.#waiting !== undefined) {
      this.#waiting.push({ bytes, taken: 0, listener });
      return false;
    }
    const taken = this.#socket.write(bytes);
    if (taken === bytes.length) return true;
    // Below 0 the connection is gone, and Bun tells so.
    this.#waiting = [{ bytes, taken: Math.max(taken, 0), listener }];
    return false;
  }

  pause(): void {
    this.#isPaused = true;
  }

  resume(): void {
    if (!this.#isPaused || this.#isGone) return;
    this.#isPaused = false;
    if (this.#isHeld) this.#socket.resume();
    this.#isHeld = false;
    this.#catchUp();
  }

  end(): void {
    if (this.#isEnding || this.#isGone) return;
    this.#isEnding = true;
    if (this.#waiting === undefined) this.#socket.shutdown();
  }

  destroy(): void {
    if (this.#isGone) return;
    this.#isGone = true;
    this.#socket.close();
  }

  /** Bun has bytes. */
  received(chunk: Uint8Array): void {
    if (this.#isGone) return;
    if (this.#isPaused) this.#hold();
    if (this.#isPaused || this.#listener === undefined || this.#early !== undefined) (this.#early ??= []).push(chunk);
    else this.#listener.bytesReceived(inShared(chunk));
  }

  #hold(): void {
    if (this.#isHeld) return;
    this.#isHeld = true;
    this.#socket.pause();
  }

  /** The peer has ended its direction. */
  ended(): void {
    if (this.#isGone || this.#hasPeerEnded) return;
    this.#hasPeerEnded = true;
    if (this.#early === undefined) this.#listener?.peerEnded();
  }

  /** The kernel takes more. */
  drained(): void {
    const waiting = this.#waiting;
    if (waiting === undefined || this.#isGone) return;
    let written = 0;
    for (const one of waiting) {
      const { bytes, taken } = one;
      one.taken += Math.max(this.#socket.write(bytes, taken, bytes.length - taken), 0);
      if (one.taken < bytes.length) break;
      written++;
    }
    const over = waiting.splice(0, written);
    if (waiting.length === 0) this.#waiting = undefined;
    for (const { listener } of over) listener?.written();
    if (this.#isEnding && this.#waiting === undefined) this.#socket.shutdown();
  }

  /** The connection is gone. */
  closed(cause: Error | undefined): void {
    const error = cause && transportError(cause);
    // Whoever dropped it is not told within that call.
    if (this.#isGone) queueMicrotask(() => this.#over(error));
    else this.#over(error);
  }

  #over(error: BusbarError | undefined): void {
    this.#isGone = true;
    const waiting = this.#waiting ?? [];
    this.#waiting = undefined;
    this.#early = undefined;
    for (const { listener } of waiting) listener?.written(error ?? droppedError());
    this.#listener?.transportClosed(error);
  }

  /** Tell what came early, in a turn of its own. */
  #catchUp(): void {
    if (this.#early !== undefined) setImmediate(() => this.#tellEarly());
  }

  #tellEarly(): void {
    while (this.#early !== undefined && !this.#isPaused && !this.#isGone) {
      const chunk = this.#early.shift();
      if (this.#early.length === 0) this.#early = undefined;
      if (chunk !== undefined) this.#listener?.bytesReceived(chunk);
      if (this.#early === undefined && this.#hasPeerEnded) this.#listener?.peerEnded();
    }
  }
}

function inShared(chunk: Uint8Array): Uint8Array {
  if (chunk.length > SHARED_BYTES) return chunk;
  shared.set(chunk);
  return chunks.of(chunk.length);
}
