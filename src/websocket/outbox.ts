import { optionalDeferred, optionalRejection, type Deferred } from "../kernel/deferred.js";
import { BusbarError } from "../kernel/errors.js";
import { Frames } from "../protocol/frames.js";
import type { Transport, WriteListener } from "./ports.js";
import type { TurnWriter, Writing } from "./turn-writer.js";

export interface OutboxOwner {
  readonly transport: Transport;
  readonly turnWriter: TurnWriter;
  /** The kernel has taken what was written. */
  outboxWritten(): void;
}

/**
 * The frames on their way to one peer: appended during a turn of the event loop, written once at its end. Call `appended`
 * behind what was appended.
 *
 * One write is under way at a time; what comes meanwhile waits for it.
 */
export class Outbox extends Frames implements Writing, WriteListener {
  readonly #owner: OutboxOwner;
  #writingBytes = 0;
  #isFlushScheduled = false;
  #isHeld = false;
  #failure: NotSent | undefined;
  /** Settled when the frames that wait now have been handed over. */
  #handedOver: Deferred<void> | undefined;
  /** The same for the write that is under way. */
  #writing: Deferred<void> | undefined;

  constructor(owner: OutboxOwner) {
    super();
    this.#owner = owner;
  }

  /** Bytes that the kernel has not taken. */
  get bufferedBytes(): number {
    return this.byteLength + this.#writingBytes;
  }

  /** Whether whatever comes next can be written at once. */
  get isClear(): boolean {
    return this.bufferedBytes === 0 && !this.#isHeld && this.#failure === undefined;
  }

  /** Whether a write is under way that the kernel has not taken, so that the peer may have stopped reading. */
  get isBlocked(): boolean {
    return this.#writingBytes > 0;
  }

  /** See that what was appended leaves at the end of this turn. */
  appended(): void {
    if (this.#failure !== undefined) return this.clear();
    if (this.isBlocked) this.compact();
    else this.#scheduleFlush();
  }

  /** Where it writes. */
  get transport(): Transport {
    return this.#owner.transport;
  }

  /** Somebody else has written so much for it while it was clear, and the kernel has not taken all of it. */
  began(bytesCount: number): void {
    if (this.#failure === undefined) this.#writingBytes = bytesCount;
  }

  /** Write nothing until `release`: what still belongs to this turn comes at its end. */
  hold(): void {
    this.#isHeld = true;
  }

  /** Write what was held, at once. */
  release(): void {
    this.#isHeld = false;
    this.#flush();
  }

  /**
   * A promise for the moment when all that is in the outbox now has been handed to the kernel; rejects with
   * `websocket/not-sent`.
   *
   * It is shared by all who ask in one turn, and nobody has to look at it.
   */
  handedOver(): Promise<void> {
    if (this.#failure !== undefined) return optionalRejection(this.#failure());
    if (this.byteLength > 0) return (this.#handedOver ??= optionalDeferred()).promise;
    if (this.#writingBytes > 0) return (this.#writing ??= optionalDeferred()).promise;
    return Promise.resolve();
  }

  /** Drop everything: the transport is gone. */
  fail(failure: NotSent): void {
    if (this.#failure !== undefined) return;
    this.#failure = failure;
    this.clear();
    this.#writingBytes = 0;
    this.#writing?.reject(failure());
    this.#handedOver?.reject(failure());
    this.#writing = undefined;
    this.#handedOver = undefined;
  }

  #scheduleFlush(): void {
    if (this.#isFlushScheduled || this.#writingBytes > 0) return;
    this.#isFlushScheduled = true;
    this.#owner.turnWriter.later(this);
  }

  /** The turn has ended. */
  write(): void {
    this.#isFlushScheduled = false;
    this.#flush();
  }

  #flush(): void {
    const { byteLength } = this;
    if (byteLength === 0 || this.#isHeld || this.#writingBytes > 0) return;
    const { transport, turnWriter } = this.#owner;
    const pieces = turnWriter.take(this);
    this.#writingBytes = byteLength;
    this.#writing = this.#handedOver;
    this.#handedOver = undefined;
    if (transport.write(pieces, this)) this.written();
  }

  written(error?: BusbarError): void {
    if (this.#failure !== undefined) return;
    if (error !== undefined) return this.fail(notSent(error));
    this.#writingBytes = 0;
    this.#writing?.resolve();
    this.#writing = undefined;
    this.#owner.outboxWritten();
    if (this.byteLength > 0) this.#scheduleFlush();
  }
}

/** Gives the one error of everything that was still to be sent when a connection ended. */
export type NotSent = () => BusbarError;

/**
 * Why nothing more is sent: `websocket/not-sent`, made when somebody asks for it. Most connections end with nobody waiting,
 * and an error with its stack costs 9 µs.
 */
export function notSent(cause?: unknown): NotSent {
  let error: BusbarError | undefined;
  return () =>
    (error ??= new BusbarError("websocket/not-sent", "the connection ended before this was handed to the kernel", {
      retryable: true,
      cause,
    }));
}
