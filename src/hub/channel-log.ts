import { deferred, type Deferred } from "../kernel/deferred.js";
import { assert, BusbarError } from "../kernel/errors.js";
import type { Position, SubscribeFrom } from "../wire/messages.js";
import type { Cursor, CursorLog } from "./cursor.js";
import type { Draft, Message, Retention, Store } from "./store.js";

export interface ChannelLogOptions {
  readonly channel: string;
  readonly store: Store;
  readonly retention: Retention;
  readonly limits: LogLimits;
}

/** How much is moved at once between a log and its store. */
export interface LogLimits {
  /** A cursor that catches up reads at most this many messages at once. */
  readonly readMessagesMax: number;
  /** … and stops behind the message that reaches this many bytes. */
  readonly readBytesMax: number;
  /** What is published while the store is busy is appended together, at most this many messages at once. */
  readonly appendMessagesMax: number;
}

/** Where a subscription begins, and whether what it asked for is gone. */
export interface Place {
  readonly offset: number;
  readonly isGone: boolean;
}

interface Publishing {
  readonly draft: Draft;
  readonly receipt: Deferred<Position>;
}

/** The log of one channel that is in use: appends in order, and pushes what was appended to the live cursors. */
export class ChannelLog implements CursorLog {
  readonly #options: ChannelLogOptions;
  readonly #live = new Set<Cursor>();
  /** Bounded by whoever publishes: see the pipeline's queues. */
  readonly #publishing: Publishing[] = [];
  #isAppending = false;
  #opened: Promise<void> | undefined;
  #isOpen = false;
  #epoch = "";
  #head = 0;

  constructor(options: ChannelLogOptions) {
    this.#options = options;
  }

  get epoch(): string {
    return this.#epoch;
  }

  get head(): number {
    return this.#head;
  }

  get liveCount(): number {
    return this.#live.size;
  }

  /** Open the log in the store, once; everything else needs it. Rejects with `hub/not-opened`. */
  open(): Promise<void> {
    this.#opened ??= this.#open();
    return this.#opened;
  }

  /**
   * Append a message and push it to the live cursors; resolves with its position.
   *
   * Rejects with `hub/not-appended` when the store failed: then the message's fate may be unknown.
   */
  append(draft: Draft): Promise<Position> {
    const receipt = deferred<Position>();
    this.#publishing.push({ draft, receipt });
    if (!this.#isAppending) this.#appendNext();
    return receipt.promise;
  }

  /** Where a subscription from there begins. */
  async placeOf(from: SubscribeFrom): Promise<Place> {
    if (from === "now") return { offset: this.#head, isGone: false };
    if (from === "start") return { offset: await this.#oldestBehind(0), isGone: false };
    if ("last" in from) return { offset: await this.#oldestBehind(Math.max(0, this.#head - from.last)), isGone: false };
    if (from.epoch !== this.#epoch) return { offset: await this.#oldestBehind(0), isGone: true };
    return from.offset > this.#head ? { offset: this.#head, isGone: true } : { offset: from.offset, isGone: false };
  }

  read(after: number, until: number): Promise<readonly Message[]> {
    const { channel, limits, store } = this.#options;
    const { readBytesMax: bytesMax, readMessagesMax: messagesMax } = limits;
    return store.read(channel, { after, until, messagesMax, bytesMax });
  }

  addLive(cursor: Cursor): void {
    this.#live.add(cursor);
  }

  removeLive(cursor: Cursor): void {
    this.#live.delete(cursor);
  }

  /** Give the log back to the store. Nobody uses it any more. */
  async release(): Promise<void> {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    await this.#options.store.release(this.#options.channel);
  }

  async #open(): Promise<void> {
    const { channel, retention, store } = this.#options;
    try {
      const { epoch, head } = await store.open(channel, retention);
      this.#epoch = epoch;
      this.#head = head;
      this.#isOpen = true;
    } catch (cause) {
      throw new BusbarError("hub/not-opened", "the channel's log cannot be opened", { retryable: true, cause });
    }
  }

  /** The place before the oldest message that is kept behind `after`. */
  async #oldestBehind(after: number): Promise<number> {
    const { channel, store } = this.#options;
    const until = this.#head;
    const [oldest] = await store.read(channel, { after, until, messagesMax: 1, bytesMax: 1 });
    return oldest === undefined ? until : oldest.offset - 1;
  }

  /** Append what waits, batch after batch. */
  #appendNext(): void {
    this.#isAppending = this.#publishing.length > 0;
    if (!this.#isAppending) return;
    const batch = this.#publishing.splice(0, this.#options.limits.appendMessagesMax);
    this.#append(batch).then(
      () => this.#appendNext(),
      (cause: unknown) => {
        refuse(batch, cause);
        this.#appendNext();
      },
    );
  }

  async #append(batch: readonly Publishing[]): Promise<void> {
    const { channel, store } = this.#options;
    const drafts = batch.map(({ draft }) => draft);
    const messages = await store.append(channel, drafts);
    assert(messages.length === batch.length, "a store appends every draft of a batch");
    for (const message of messages) this.#announce(message);
    const epoch = this.#epoch;
    for (const [index, { offset }] of messages.entries()) batch[index]?.receipt.resolve({ epoch, offset });
  }

  /** The one way out of the log: the fan-out. Each cursor is pushed the very same object. */
  #announce(message: Message): void {
    assert(message.offset === this.#head + 1, "the offsets of an epoch have no gaps");
    this.#head = message.offset;
    for (const cursor of this.#live) cursor.push(message);
  }
}

function refuse(batch: readonly Publishing[], cause: unknown): void {
  const message = "the channel's log could not be written; whether the message is in it is unknown";
  const error = new BusbarError("hub/not-appended", message, { retryable: true, cause });
  for (const { receipt } of batch) receipt.reject(error);
}
