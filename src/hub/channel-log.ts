import type { Clock, Timer } from "../kernel/clock.js";
import { deferred, type Deferred } from "../kernel/deferred.js";
import { assert, BusbarError } from "../kernel/errors.js";
import type { Position, SubscribeFrom } from "../wire/messages.js";
import type { Cursor, CursorLog } from "./cursor.js";
import type { Appended, Draft, LogOptions, Message, OpenedLog, Origin, Store, StoredMember } from "./store.js";

/** A log that could not be opened anew is tried again after this time, as long as somebody follows it live. */
const REOPEN_AFTER_MS = 1_000;

export interface ChannelLogOptions {
  readonly channel: string;
  readonly store: Store;
  readonly clock: Clock;
  readonly log: LogOptions;
  readonly limits: LogLimits;
  /** Told whom the store remembers as present, each time it has opened the log. */
  readonly onOpened?: (members: readonly StoredMember[]) => void;
  /** Told when there are more messages in the log. */
  readonly onAppended?: () => void;
  /** The log is not busy any more: who kept it for that alone can release it. */
  readonly onIdle?: () => void;
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
export interface Place extends Position {
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

/** The right to append to a log, which nobody else has meanwhile. It ends with one of the calls. */
export interface Turn {
  /** The store has appended: push it. One answer for each draft; undefined for a repeat from before the window. */
  done(outcomes: readonly Appended[]): readonly (Published | undefined)[];
  /** The store failed: what is in the log has to be looked up before anything else is appended. */
  failed(cause: unknown): void;
}

/** The log of one channel that is in use: appends in order, and pushes what was appended to the live cursors. */
export class ChannelLog implements CursorLog {
  readonly #options: ChannelLogOptions;
  readonly #live = new Set<Cursor>();
  /** Bounded by whoever publishes: see the pipeline's queues. */
  readonly #publishing: Publishing[] = [];
  #isAppending = false;
  /** Who waits to append together with other logs. */
  readonly #waitingForTurns: Deferred<void>[] = [];
  /** Undefined while the log has to be opened: at first, and when an append failed, until it is known what is in it. */
  #opened: Promise<void> | undefined;
  #isOpening = false;
  /** Whether the store has it open. */
  #isOpen = false;
  /** Something could not be opened or appended just now: until the publishers have heard of it, nothing overtakes it. */
  #refusing: Timer | undefined;
  #hasFailed = false;
  #reopening: Timer | undefined;
  #isClosed = false;
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

  /** Whether it must not be released yet, although nobody uses it. */
  get isBusy(): boolean {
    return this.#isOpening || this.#refusing !== undefined;
  }

  /**
   * Open the log in the store, or open it anew where an append failed; before everything else.
   *
   * Rejects with `hub/not-opened`; then it can be tried again, a moment later.
   */
  open(): Promise<void> {
    // One promise for all who wait, so that they go on in the order of their calls.
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
    if (this.#refusing !== undefined) return Promise.reject(notAppended("what was before it could not be appended"));
    const receipt = deferred<Published>();
    this.#publishing.push({ draft, receipt });
    if (!this.#isAppending) this.#appendNext();
    return receipt.promise;
  }

  /**
   * Wait until nothing is being appended, and keep everybody from it: for appending to several logs together.
   *
   * Rejects with `hub/not-opened`, or with `hub/not-appended` while what failed before is being refused.
   */
  async takeTurn(): Promise<Turn> {
    if (this.#isAppending) {
      const turn = deferred<void>();
      this.#waitingForTurns.push(turn);
      await turn.promise;
    }
    this.#isAppending = true;
    try {
      if (this.#refusing !== undefined) throw notAppended("what was before it could not be appended");
      await this.#ready();
    } catch (error) {
      this.#appendNext();
      throw error;
    }
    return {
      done: (outcomes) => {
        const published = this.#announceAll(outcomes);
        this.#appendNext();
        return published;
      },
      failed: (cause) => this.#fail([], cause),
    };
  }

  /** The position of the message with this origin, where the store remembers it. Rejects with `hub/not-read`. */
  async find(origin: Pick<Origin, "producer" | "sequence">): Promise<Position | undefined> {
    await this.#ready();
    const { epoch } = this;
    const offset = await this.#options.store.find(this.#options.channel, origin).catch(notRead);
    return offset === undefined ? undefined : { epoch, offset };
  }

  /**
   * Where a subscription from there begins. Nothing up to `since` is shown: who asks for it begins there, as if it were
   * gone. Rejects with `hub/not-read`.
   */
  async placeOf(from: SubscribeFrom, since?: Position | "now"): Promise<Place> {
    await this.#ready();
    const { epoch, head } = this;
    const place = await this.#placeOf(from);
    if (since === undefined) return place;
    const first = since !== "now" && since.epoch === epoch ? Math.min(since.offset, head) : head;
    return place.offset >= first ? place : { epoch, offset: first, isGone: true };
  }

  /** The log is open. */
  async #placeOf(from: SubscribeFrom): Promise<Place> {
    const { epoch, head } = this;
    if (from === "now") return { epoch, offset: head, isGone: false };
    if (from === "start") return this.#oldestBehind(0, false);
    if ("last" in from) return this.#oldestBehind(Math.max(0, head - from.last), false);
    if (from.epoch !== epoch) return this.#oldestBehind(0, true);
    return from.offset > head ? { epoch, offset: head, isGone: true } : { ...from, isGone: false };
  }

  async read(after: number, until: number): Promise<readonly Message[]> {
    await this.#ready();
    const { channel, limits, store } = this.#options;
    const { readBytesMax: bytesMax, readMessagesMax: messagesMax } = limits;
    return store.read(channel, { after, until, messagesMax, bytesMax });
  }

  addLive(cursor: Cursor): void {
    this.#live.add(cursor);
    // What it does not know yet of the log, nobody else may ask for.
    this.#reopenLater();
  }

  removeLive(cursor: Cursor): void {
    this.#live.delete(cursor);
  }

  /** Give the log back to the store. Nobody uses it any more, and it is not busy. */
  async release(): Promise<void> {
    this.close();
    if (!this.#isOpen) return;
    this.#isOpen = false;
    await this.#options.store.release(this.#options.channel);
  }

  /** Let no timer of it go on. */
  close(): void {
    this.#isClosed = true;
    this.#refusing?.cancel();
    this.#refusing = undefined;
    this.#reopening?.cancel();
    this.#reopening = undefined;
  }

  async #open(): Promise<void> {
    const { channel, log, onIdle, onOpened, store } = this.#options;
    this.#isOpening = true;
    try {
      // Not before `open` has noted the promise, whatever the store does.
      await Promise.resolve();
      if (this.#isOpen) await this.#giveBack();
      const opened = await store.open(channel, log);
      this.#isOpen = true;
      this.#follow(opened);
      onOpened?.(opened.members);
      this.#hasFailed = false;
    } catch (cause) {
      this.#hasFailed = true;
      this.#refuseForNow();
      this.#reopenLater();
      throw new BusbarError("hub/not-opened", "the channel's log cannot be opened", { retryable: true, cause });
    } finally {
      this.#isOpening = false;
      onIdle?.();
    }
  }

  /** Whether it can be opened again, opening it tells. */
  #giveBack(): Promise<void> {
    return this.#options.store.release(this.#options.channel).then(
      () => void (this.#isOpen = false),
      () => {},
    );
  }

  /** Take over what is in the log, and have the live cursors read what they were not pushed. */
  #follow({ epoch, head }: OpenedLog): void {
    if (epoch === this.#epoch && head === this.#head) return;
    assert(epoch !== this.#epoch || head > this.#head, "a store keeps what it acknowledged, or begins a new epoch");
    this.#epoch = epoch;
    this.#head = head;
    // Those that have nothing to read are live again at once: a set would hand them out once more.
    const live = Array.from(this.#live);
    for (const cursor of live) cursor.logChanged();
    if (head > 0) this.#options.onAppended?.();
  }

  /** Where the log could not be opened anew, and somebody is to be told what is in it, try again after a while. */
  #reopenLater(): void {
    if (!this.#hasFailed || this.#isClosed || this.#live.size === 0) return;
    this.#reopening ??= this.#options.clock.schedule(REOPEN_AFTER_MS, () => {
      this.#reopening = undefined;
      // Where it fails, it is scheduled anew.
      if (this.#live.size > 0) this.open().catch(() => {});
    });
  }

  /** Wait until the log is open and it is known what is in it: also where another append failed meanwhile. */
  async #ready(): Promise<void> {
    let opened: Promise<void> | undefined;
    while (opened === undefined || opened !== this.#opened) {
      opened = this.open();
      await opened;
    }
  }

  /** The place before the oldest message that is kept behind `after`. The log is open. */
  async #oldestBehind(after: number, isGone: boolean): Promise<Place> {
    const { channel, store } = this.#options;
    const { epoch, head: until } = this;
    const [oldest] = await store.read(channel, { after, until, messagesMax: 1, bytesMax: 1 }).catch(notRead);
    return { epoch, offset: oldest === undefined ? until : oldest.offset - 1, isGone };
  }

  /** Let whoever waits for a turn have it, or append what waits. */
  #appendNext(): void {
    const turn = this.#waitingForTurns.shift();
    this.#isAppending = turn !== undefined || this.#publishing.length > 0;
    if (turn !== undefined) return turn.resolve();
    if (!this.#isAppending) return;
    const batch = this.#publishing.splice(0, this.#options.limits.appendMessagesMax);
    this.#append(batch).then(
      () => this.#appendNext(),
      (cause: unknown) => this.#fail(batch, cause),
    );
  }

  /** An append failed: find out what is in the log, refuse all that waits, and go on. */
  #fail(batch: readonly Publishing[], cause: unknown): void {
    const goOn = (): void => {
      this.#refuse([...batch, ...this.#publishing.splice(0)], cause);
      this.#appendNext();
    };
    this.#opened = undefined;
    // Where that fails as well, whoever uses the log next tries again.
    this.open().then(goOn, goOn);
  }

  async #append(batch: readonly Publishing[]): Promise<void> {
    const { channel, store } = this.#options;
    if (this.#isOpening || !this.#isOpen) await this.open();
    const drafts = batch.map(({ draft }) => draft);
    const outcomes = await store.append(channel, drafts);
    assert(outcomes.length === batch.length, "a store answers for every draft of a batch");
    for (const [index, published] of this.#announceAll(outcomes).entries()) {
      if (published === undefined) batch[index]?.receipt.reject(unknownRepeat());
      else batch[index]?.receipt.resolve(published);
    }
  }

  #refuse(all: readonly Publishing[], cause: unknown): void {
    const error = notAppended(cause);
    for (const { receipt } of all) receipt.reject(error);
    this.#refuseForNow();
  }

  #refuseForNow(): void {
    this.#refusing ??= this.#options.clock.schedule(0, () => {
      this.#refusing = undefined;
      if (this.#hasFailed) this.#opened = undefined;
      this.#options.onIdle?.();
    });
  }

  /** Push what was appended, and say for each where it is. */
  #announceAll(outcomes: readonly Appended[]): readonly (Published | undefined)[] {
    const headBefore = this.#head;
    for (const outcome of outcomes) if (outcome.kind === "appended") this.#announce(outcome.message);
    if (this.#head > headBefore) this.#options.onAppended?.();
    return outcomes.map((outcome) => this.#publishedAs(outcome));
  }

  #publishedAs(outcome: Appended): Published | undefined {
    const epoch = this.#epoch;
    switch (outcome.kind) {
      case "appended":
        return { position: { epoch, offset: outcome.message.offset }, isRepeat: false };
      case "repeat":
        return { position: { epoch, offset: outcome.offset }, isRepeat: true };
      case "unknown":
        return undefined;
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

function unknownRepeat(): BusbarError {
  const message = "this repeat is older than what is remembered; it was not published";
  return new BusbarError("hub/unknown-repeat", message);
}

function notRead(cause: unknown): never {
  throw new BusbarError("hub/not-read", "the channel's log could not be read", { retryable: true, cause });
}
