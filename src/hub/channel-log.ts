import type { Clock, Timer } from "../kernel/clock.js";
import { assert, BusbarError } from "../kernel/errors.js";
import type { Position, SubscribeFrom } from "../wire/messages.js";
import { AppendLine, type Published, type Publishing } from "./append-line.js";
import type { Cursor, CursorLog } from "./cursor.js";
import { notAppended, notRead, unknownRepeat } from "./log-errors.js";
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
  readonly #line = new AppendLine();
  /** From when somebody waits until nobody does. */
  #isAppending = false;
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
    return this.#isOpening || this.#isAppending || this.#refusing !== undefined;
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
   * What one chunk from a publisher holds is appended together. Rejects with `hub/not-opened`, with `hub/unknown-repeat`, or
   * with `hub/not-appended` when the store failed: then its fate is unknown. All that was given to the log before that is
   * known is rejected with it, so that nothing overtakes.
   */
  append(draft: Draft): Promise<Published> {
    if (this.#refusing !== undefined) return Promise.reject(notAppended("what was before it could not be appended"));
    const receipt = this.#line.joinWith(draft);
    if (!this.#isAppending) this.#appendSoon();
    return receipt;
  }

  /**
   * Wait until nothing is being appended, and keep everybody from it: for appending to several logs together.
   *
   * Rejects with `hub/not-opened`, or with `hub/not-appended` while what failed before is being refused.
   */
  async takeTurn(): Promise<Turn> {
    if (this.#isAppending) await this.#line.joinForTurn();
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

  /** Append what waits when the chunk that is being worked off has said all that it holds: in one batch. */
  #appendSoon(): void {
    this.#isAppending = true;
    Promise.resolve().then(
      () => this.#appendNext(),
      () => {},
    );
  }

  /** Let the first that waits have its turn, or append it and those behind it. */
  #appendNext(): void {
    const next = this.#line.takeNext(this.#options.limits.appendMessagesMax);
    this.#isAppending = next !== undefined;
    if (next === undefined) this.#options.onIdle?.();
    else if ("promise" in next) next.resolve();
    else this.#append(next);
  }

  /** An append failed: find out what is in the log, refuse all that waits, and go on. */
  #fail(batch: readonly Publishing[], cause: unknown): void {
    const goOn = (): void => {
      this.#refuse([...batch, ...this.#line.takeAllMessages()], cause);
      this.#appendNext();
    };
    this.#opened = undefined;
    // Where that fails as well, whoever uses the log next tries again.
    this.open().then(goOn, goOn);
  }

  #append(batch: readonly Publishing[]): void {
    if (this.#opened === undefined || this.#isOpening || !this.#isOpen) return this.#appendWhenOpen(batch);
    const failed = (cause: unknown): void => this.#fail(batch, cause);
    this.#write(batch)
      .then((outcomes) => {
        this.#appended(batch, outcomes);
        this.#appendNext();
      })
      .catch(failed);
  }

  /** Where the log cannot be opened, what waits for that is refused, all of it at once. */
  #appendWhenOpen(batch: readonly Publishing[]): void {
    this.open().then(
      () => this.#append(batch),
      (error: unknown) => {
        for (const { receipt } of [...batch, ...this.#line.takeAllMessages()]) receipt.reject(error);
        this.#appendNext();
      },
    );
  }

  async #write(batch: readonly Publishing[]): Promise<readonly Appended[]> {
    const { channel, store } = this.#options;
    return store.append(
      channel,
      batch.map(({ draft }) => draft),
    );
  }

  /** Push a batch that is in the log, and give the receipts. */
  #appended(batch: readonly Publishing[], outcomes: readonly Appended[]): void {
    assert(outcomes.length === batch.length, "a store answers for every draft of a batch");
    const published = this.#announceAll(outcomes);
    for (const [index, { receipt }] of batch.entries()) {
      const one = published[index];
      if (one === undefined) receipt.reject(unknownRepeat());
      else receipt.resolve(one);
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
    const messages: Message[] = [];
    for (const outcome of outcomes) if (outcome.kind === "appended") messages.push(outcome.message);
    this.#announce(messages);
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

  /**
   * The one way out of the log: the fan-out. Each cursor is pushed the very same objects; all of them before the next
   * cursor is, whose connection's state is in no cache.
   */
  #announce(messages: readonly Message[]): void {
    let head = this.#head;
    for (const { offset } of messages) assert(offset === ++head, "the offsets of an epoch have no gaps");
    if (head === this.#head) return;
    this.#head = head;
    for (const cursor of this.#live) cursor.push(messages);
    this.#options.onAppended?.();
  }
}
