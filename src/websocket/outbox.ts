import type { Turns } from "../kernel/clock.js";
import { optionalDeferred, optionalRejection, type Deferred } from "../kernel/deferred.js";
import { BusbarError } from "../kernel/errors.js";
import type { Transport } from "./ports.js";

/** Runs of small pieces up to this size leave as one piece: copying them costs less than a vectored write. */
const COALESCED_BYTES_MAX = 16 * 1024;

/**
 * The bytes on their way to one peer: collected during a turn of the event loop, written once at its end.
 *
 * One write is under way at a time; what comes meanwhile waits for it.
 */
export class Outbox {
  readonly #transport: Transport;
  readonly #turns: Turns;
  #pieces: Uint8Array[] = [];
  #piecesBytes = 0;
  #writingBytes = 0;
  #isFlushScheduled = false;
  #failure: BusbarError | undefined;
  /** Settled when the pieces that wait now have been handed over. */
  #handedOver: Deferred<void> | undefined;
  /** The same for the write that is under way. */
  #writing: Deferred<void> | undefined;
  readonly #onWritten: () => void;

  /** @param onWritten called each time when the kernel has taken what was written. */
  constructor(transport: Transport, turns: Turns, onWritten: () => void) {
    this.#transport = transport;
    this.#turns = turns;
    this.#onWritten = onWritten;
  }

  /** Bytes that the kernel has not taken. */
  get bufferedBytes(): number {
    return this.#piecesBytes + this.#writingBytes;
  }

  /** Whether a write is under way that the kernel has not taken, so that the peer may have stopped reading. */
  get isBlocked(): boolean {
    return this.#writingBytes > 0;
  }

  /** Where to append frames; call `appended` behind it. */
  get pieces(): Uint8Array[] {
    return this.#pieces;
  }

  /** Count what was appended to `pieces` from index `from` on, and see that it leaves at the end of this turn. */
  appended(from: number): void {
    for (let index = from; index < this.#pieces.length; index++) this.#piecesBytes += this.#pieces[index]?.length ?? 0;
    if (this.#failure !== undefined) this.#drop();
    else this.#scheduleFlush();
  }

  /**
   * A promise for the moment when all that is in the outbox now has been handed to the kernel.
   *
   * It is shared by all who ask in one turn, and nobody has to look at it.
   */
  handedOver(): Promise<void> {
    if (this.#failure !== undefined) return optionalRejection(this.#failure);
    if (this.#pieces.length > 0) return (this.#handedOver ??= optionalDeferred()).promise;
    if (this.#writingBytes > 0) return (this.#writing ??= optionalDeferred()).promise;
    return Promise.resolve();
  }

  /** Drop everything: the transport is gone. */
  fail(error: BusbarError): void {
    if (this.#failure !== undefined) return;
    this.#failure = error;
    this.#drop();
    this.#writingBytes = 0;
    this.#writing?.reject(error);
    this.#handedOver?.reject(error);
    this.#writing = undefined;
    this.#handedOver = undefined;
  }

  #drop(): void {
    this.#pieces = [];
    this.#piecesBytes = 0;
  }

  #scheduleFlush(): void {
    if (this.#isFlushScheduled || this.#writingBytes > 0) return;
    this.#isFlushScheduled = true;
    this.#turns.atEndOfTurn(() => {
      this.#isFlushScheduled = false;
      this.#flush();
    });
  }

  #flush(): void {
    if (this.#pieces.length === 0) return;
    const pieces = this.#piecesBytes <= COALESCED_BYTES_MAX ? coalesce(this.#pieces, this.#piecesBytes) : this.#pieces;
    this.#writingBytes = this.#piecesBytes;
    this.#writing = this.#handedOver;
    this.#handedOver = undefined;
    this.#drop();
    this.#transport.write(pieces, (error) => this.#written(error));
  }

  #written(error: BusbarError | undefined): void {
    if (this.#failure !== undefined) return;
    if (error !== undefined) return this.fail(error);
    this.#writingBytes = 0;
    this.#writing?.resolve();
    this.#writing = undefined;
    this.#onWritten();
    if (this.#pieces.length > 0) this.#scheduleFlush();
  }
}

/** Make one piece of many, without copying where they lie in a row already. */
function coalesce(pieces: readonly Uint8Array[], bytes: number): readonly Uint8Array[] {
  const first = pieces[0];
  if (first === undefined || pieces.length === 1) return pieces;
  let end = first.byteOffset + first.length;
  let isOneRow = true;
  for (let index = 1; isOneRow && index < pieces.length; index++) {
    const piece = pieces[index];
    isOneRow = piece !== undefined && piece.buffer === first.buffer && piece.byteOffset === end;
    end += piece?.length ?? 0;
  }
  if (isOneRow) return [new Uint8Array(first.buffer, first.byteOffset, bytes)];
  const joined = new Uint8Array(bytes);
  let at = 0;
  for (const piece of pieces) {
    joined.set(piece, at);
    at += piece.length;
  }
  return [joined];
}

/** The error of everything that was still to be sent when the connection ended. */
export function notSentError(cause?: unknown): BusbarError {
  return new BusbarError("websocket/not-sent", "the connection ended before this was handed to the kernel", {
    retryable: true,
    cause,
  });
}
