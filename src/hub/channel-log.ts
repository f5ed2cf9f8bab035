import type { Clock } from "../kernel/clock.js";
import { deferred, type Deferred } from "../kernel/deferred.js";
import { assert, BusbarError } from "../kernel/errors.js";
import type { Position, SubscribeFrom } from "../wire/messages.js";
import type { Cursor, CursorLog } from "./cursor.js";
import type { Appended, Draft, LogOptions, Message, Origin, Store, StoredMember } from "./store.js";

export interface ChannelLogOptions {
  readonly channel: string;
  readonly store: Store;
  readonly clock: Clock;
  readonly log: LogOptions;
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

/** Where a message is in the log, and whether it was there before this publish of it. */
export interface Published {
  readonly position: Position;
  readonly isRepeat: boolean;
}

interface Publishing {
  readonly draft: Draft;
  readonly receipt: Deferred<Published>;
}

/** The log of one channel that is in use: appends in order, and pushes what was appended to the live cursors. */
export class ChannelLog implements CursorLog {
  readonly #options: ChannelLogOptions;
  readonly #live = new Set<Cursor>();
  /** Bounded by whoever publishes: see the pipeline's queues. */
  readonly #publishing: Publishing[] = [];
  #isAppending = false;
  #opened: Promise<readonly StoredMember[]> | undefined;
  #isOpen = false;
  /** An append failed in this turn of the event loop: what comes behind it must not overtake it. */
  #isRefusing = false;
  /** An append failed, and what is in the log is not known until it was opened anew. */
  #isInDoubt = false;
  /** The log is being opened anew: reading waits for it. */
  #reopening: Promise<void> | undefined;
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

  /**
   * Open the log in the store, once; everything else needs it. Resolves with who was present when it was last in use.
   *
   * Rejects with `hub/not-opened`; then it can be tried again.
   */
  open(): Promise<readonly StoredMember[]> {
    this.#opened ??= this.#open();
    return this.#opened;
  }

  /**
   * Append a message and push it to the live cursors; resolves with its position.
   *
   * Rejects with `hub/unknown-repeat`, or with `hub/not-appended` when the store failed: then its fate is unknown. All
   * that was given to the log before that is known is rejected with it, so that nothing overtakes.
   */
  append(draft: Draft): Promise<Published> {
    if (this.#isRefusing) return Promise.reject(notAppended("what was published before it could not be written"));
    const receipt = deferred<Published>();
    this.#publishing.push({ draft, receipt });
    if (!this.#isAppending) this.#appendNext();
    return receipt.promise;
  }

  /** The position of the message with this origin, where the store remembers it. */
  async find(origin: Pick<Origin, "producer" | "sequence">): Promise<Position | undefined> {
    await this.#reopening;
    const offset = await this.#options.store.find(this.#options.channel, origin);
    return offset === undefined ? undefined : { epoch: this.#epoch, offset };
  }

  /** Where a subscription from there begins. */
  async placeOf(from: SubscribeFrom): Promise<Place> {
    if (from === "now") return { offset: this.#head, isGone: false };
    if (from === "start") return { offset: await this.#oldestBehind(0), isGone: false };
    if ("last" in from) return { offset: await this.#oldestBehind(Math.max(0, this.#head - from.last)), isGone: false };
    if (from.epoch !== this.#epoch) return { offset: await this.#oldestBehind(0), isGone: true };
    return from.offset > this.#head ? { offset: this.#head, isGone: true } : { offset: from.offset, isGone: false };
  }

  async read(after: number, until: number): Promise<readonly Message[]> {
    const { channel, limits, store } = this.#options;
    await this.#reopening;
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

  async #open(): Promise<readonly StoredMember[]> {
    const { channel, log, store } = this.#options;
    try {
      const { epoch, head, members } = await store.open(channel, log);
      this.#epoch = epoch;
      this.#head = head;
      this.#isOpen = true;
      return members;
    } catch (cause) {
      this.#opened = undefined;
      throw new BusbarError("hub/not-opened", "the channel's log cannot be opened", { retryable: true, cause });
    }
  }

  /** The place before the oldest message that is kept behind `after`. */
  async #oldestBehind(after: number): Promise<number> {
    const { channel, store } = this.#options;
    await this.#reopening;
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
        const goOn = (): void => {
          this.#refuse([...batch, ...this.#publishing.splice(0)], cause);
          this.#appendNext();
        };
        this.#isInDoubt = true;
        // Where that fails as well, the next batch tries again. The log is in use until then: its publishers wait.
        this.#resolveDoubt().then(goOn, goOn);
      },
    );
  }

  async #append(batch: readonly Publishing[]): Promise<void> {
    const { channel, store } = this.#options;
    if (this.#isInDoubt) await this.#resolveDoubt();
    const drafts = batch.map(({ draft }) => draft);
    const outcomes = await store.append(channel, drafts);
    assert(outcomes.length === batch.length, "a store answers for every draft of a batch");
    for (const outcome of outcomes) if (outcome.kind === "appended") this.#announce(outcome.message);
    for (const [index, outcome] of outcomes.entries()) this.#settle(batch[index]?.receipt, outcome);
  }

  #refuse(all: readonly Publishing[], cause: unknown): void {
    const error = notAppended(cause);
    for (const { receipt } of all) receipt.reject(error);
    // Until the publishers have heard of it.
    this.#isRefusing = true;
    this.#options.clock.schedule(0, () => (this.#isRefusing = false));
  }

  /** Look in the store what has become of the log, and have the live cursors read what they were not pushed. */
  #resolveDoubt(): Promise<void> {
    this.#reopening = this.#reopen();
    return this.#reopening;
  }

  async #reopen(): Promise<void> {
    const { channel, log, store } = this.#options;
    if (this.#isOpen) {
      this.#isOpen = false;
      await store.release(channel);
    }
    const { epoch, head } = await store.open(channel, log);
    this.#isOpen = true;
    this.#isInDoubt = false;
    if (epoch === this.#epoch && head === this.#head) return;
    this.#epoch = epoch;
    this.#head = head;
    // A copy: those that are at the head of the log again come back.
    for (const cursor of [...this.#live]) cursor.logChanged();
  }

  #settle(receipt: Deferred<Published> | undefined, outcome: Appended): void {
    const epoch = this.#epoch;
    switch (outcome.kind) {
      case "appended":
        return receipt?.resolve({ position: { epoch, offset: outcome.message.offset }, isRepeat: false });
      case "repeat":
        return receipt?.resolve({ position: { epoch, offset: outcome.offset }, isRepeat: true });
      case "unknown":
        return receipt?.reject(
          new BusbarError("hub/unknown-repeat", "this repeat is older than what is remembered; it was not published"),
        );
    }
  }

  /** The one way out of the log: the fan-out. Each cursor is pushed the very same object. */
  #announce(message: Message): void {
    assert(message.offset === this.#head + 1, "the offsets of an epoch have no gaps");
    this.#head = message.offset;
    for (const cursor of this.#live) cursor.push(message);
  }
}

function notAppended(cause: unknown): BusbarError {
  const message = "the channel's log could not be written; whether the message is in it is unknown";
  return new BusbarError("hub/not-appended", message, { retryable: true, cause });
}
