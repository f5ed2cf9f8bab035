import type { Turns } from "../kernel/clock.js";
import { assert, BusbarError } from "../kernel/errors.js";
import type { Transport, TransportListener, WriteListener } from "../websocket/ports.js";

export interface MemoryTransportOptions {
  /** When bytes arrive, writes are done and ends are told: each at the end of a turn. */
  readonly turns: Turns;
  /** Default: "memory". */
  readonly remoteAddress?: string;
  /** Whether a write that nothing blocks is done within the call, as a kernel mostly does it. Default: no. */
  readonly isPrompt?: boolean;
}

interface PendingWrite {
  readonly bytes: Uint8Array;
  readonly listener: WriteListener;
}

/**
 * A transport without a network. By itself the test is its peer: it reads `writes` and calls `receive`, `endByPeer` and
 * `fail`. Of a `pair` each is the other's peer.
 *
 * It holds its user to the port: a write before the last one is done, or behind the end, is an AssertionError.
 */
export class MemoryTransport implements Transport {
  readonly remoteAddress: string;
  readonly isSecure = false;
  readonly #isPrompt: boolean;
  /** What was written: one entry a write, its pieces joined. */
  readonly writes: Uint8Array[] = [];
  readonly #turns: Turns;
  #peer: MemoryTransport | undefined;
  #listener: TransportListener | undefined;
  #pending: PendingWrite | undefined;
  /** What came while nobody took it. */
  #held: Uint8Array[] = [];
  #isBlocked = false;
  #isPaused = false;
  #isEnded = false;
  #isEndTold = false;
  #hasPeerEnded = false;
  #isPeerEndTold = false;
  #isDestroyed = false;
  #isClosed = false;

  constructor(options: MemoryTransportOptions) {
    this.#turns = options.turns;
    this.remoteAddress = options.remoteAddress ?? "memory";
    this.#isPrompt = options.isPrompt === true;
  }

  /** Two transports that are each other's peer. What one writes arrives at the end of the turn. */
  static pair(options: MemoryTransportOptions): readonly [MemoryTransport, MemoryTransport] {
    const one = new MemoryTransport(options);
    const other = new MemoryTransport(options);
    one.#peer = other;
    other.#peer = one;
    return [one, other];
  }

  /** Whether the user made the peer wait. */
  get isPaused(): boolean {
    return this.#isPaused;
  }

  /** Whether the user ended its direction. */
  get isEnded(): boolean {
    return this.#isEnded;
  }

  /** Whether the user dropped the connection. */
  get isDestroyed(): boolean {
    return this.#isDestroyed;
  }

  /** Whether the connection is gone. */
  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** Begin to tell `listener`; what came before waits for the end of the turn. */
  listen(listener: TransportListener): void {
    this.#listener = listener;
    this.#pumpLater();
  }

  write(pieces: readonly Uint8Array[], listener: WriteListener): boolean {
    assert(this.#pending === undefined, "nothing is written before the last write is done");
    assert(!this.#isEnded, "nothing is written behind the end");
    if (this.#isClosed) {
      this.#turns.atEndOfTurn(() => listener.written(goneError()));
      return false;
    }
    const bytes = join(pieces);
    this.writes.push(bytes);
    if (this.#isPrompt && this.#canTake) {
      // The peer changes what it receives.
      if (this.#peer !== undefined) this.#peer.#arrive(bytes.slice());
      return true;
    }
    this.#pending = { bytes, listener };
    this.#pumpLater();
    return false;
  }

  pause(): void {
    this.#isPaused = true;
  }

  resume(): void {
    this.#isPaused = false;
    this.#pumpLater();
    if (this.#peer !== undefined) this.#peer.#pumpLater();
  }

  end(): void {
    this.#isEnded = true;
    this.#pumpLater();
  }

  destroy(): void {
    if (this.#isClosed) return;
    this.#isDestroyed = true;
    this.#close(undefined);
    this.#peer?.fail();
  }

  /** Be a peer that stops reading: no write is done any more. */
  block(): void {
    this.#isBlocked = true;
  }

  /** Be a peer that reads again. */
  unblock(): void {
    this.#isBlocked = false;
    this.#pumpLater();
  }

  /** Send bytes as the peer: they arrive at once, as one chunk, or when the user has resumed. */
  receive(bytes: Uint8Array): void {
    if (this.#isClosed || this.#hasPeerEnded) return;
    this.#held.push(bytes.slice());
    this.#deliver();
  }

  /** End the peer's direction, behind what it sent. */
  endByPeer(): void {
    this.#hasPeerEnded = true;
    this.#deliver();
    this.#pumpLater();
  }

  /** Break the connection. */
  fail(cause?: unknown): void {
    this.#close(goneError(cause));
  }

  #pumpLater(): void {
    this.#turns.atEndOfTurn(() => this.#pump());
  }

  #pump(): void {
    if (this.#isClosed) return;
    this.#deliver();
    const pending = this.#pending;
    if (pending !== undefined && this.#canTake) {
      this.#pending = undefined;
      this.#peer?.receive(pending.bytes);
      pending.listener.written();
    }
    if (this.#isEnded && this.#pending === undefined && !this.#isEndTold) {
      this.#isEndTold = true;
      this.#peer?.endByPeer();
    }
    if (this.#isEndTold && this.#isPeerEndTold) this.#close(undefined);
  }

  get #canTake(): boolean {
    return !this.#isBlocked && this.#peer?.isPaused !== true;
  }

  /** Bytes are there when this turn ends. */
  #arrive(bytes: Uint8Array): void {
    if (this.#isClosed || this.#hasPeerEnded) return;
    this.#held.push(bytes);
    this.#pumpLater();
  }

  /** As with a socket, an end is told even to a user that has paused, once nothing is left in front of it. */
  #deliver(): void {
    const listener = this.#listener;
    if (this.#isClosed || listener === undefined) return;
    while (!this.#isPaused) {
      const chunk = this.#held.shift();
      if (chunk === undefined) break;
      listener.bytesReceived(chunk);
    }
    if (!this.#hasPeerEnded || this.#isPeerEndTold || this.#held.length > 0) return;
    this.#isPeerEndTold = true;
    listener.peerEnded();
  }

  #close(error: BusbarError | undefined): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    const pending = this.#pending;
    this.#pending = undefined;
    this.#held = [];
    this.#turns.atEndOfTurn(() => {
      pending?.listener.written(error ?? goneError());
      this.#listener?.transportClosed(error);
    });
  }
}

function goneError(cause?: unknown): BusbarError {
  return new BusbarError("transport/failed", "the connection is gone", { retryable: true, cause });
}

function join(pieces: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    bytes.set(piece, at);
    at += piece.length;
  }
  return bytes;
}
