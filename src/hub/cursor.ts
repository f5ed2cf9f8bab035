import { BusbarError } from "../kernel/errors.js";
import type { Position } from "../wire/messages.js";
import { readAll, readNewest, type Stretch } from "./newest.js";
import type { Sink } from "./sink.js";
import type { Message } from "./store.js";

/** What a cursor needs of its channel's log. */
export interface CursorLog {
  /** It changes when the log was lost: what was known of its offsets means nothing any more. */
  readonly epoch: string;
  /** The offset of the newest message that was announced. */
  readonly head: number;
  /** Read a bounded batch behind `after`, up to `until`. */
  read(after: number, until: number): Promise<readonly Message[]>;
  /** Call the cursor's `push` with all messages from now on. */
  addLive(cursor: Cursor): void;
  removeLive(cursor: Cursor): void;
}

/**
 * What becomes of messages while the sink takes none.
 *
 * `all`: they are read from the log later. `latest`: only the newest counts then, or the newest for each value of the
 * payload's member `key`. `disconnect`: the sink is told that it is too slow, and gets nothing more.
 */
export type Policy =
  | { readonly kind: "all" }
  | { readonly kind: "latest"; readonly key?: string }
  | { readonly kind: "disconnect" };

/** Whose cursor it is. An object, and no function of each cursor's own: there are as many as there are subscriptions. */
export interface CursorOwner {
  cursorEnded(): void;
}

export interface CursorStart extends Position {
  /** What was asked for is gone: the sink is told so before the first message. */
  readonly isGone: boolean;
  readonly policy: Policy;
  /** Told when the cursor ends by itself, before its sink is. */
  readonly owner?: CursorOwner;
}

/**
 * - `live`: at the head of the log; every message is pushed as it is appended.
 * - `reading`: behind the head; a batch from the store is on its way.
 * - `waiting`: behind the head or not, but the sink has to drain first.
 */
type State = "new" | "live" | "reading" | "waiting" | "ended";

/**
 * A subscriber's place in a channel's log: the offset of the last message that its sink took.
 *
 * Every message behind its place reaches the sink once and in order, or a gap says which do not, but for what the policy
 * `latest` leaves out.
 */
export class Cursor {
  readonly #log: CursorLog;
  readonly #sink: Sink;
  readonly #policy: Policy;
  readonly #owner: CursorOwner | undefined;
  #epoch: string;
  #offset: number;
  #isGone: boolean;
  #state: State = "new";
  /** The policy is `latest`, and the sink refused a message: what has come since is thinned out. */
  #isThinning = false;

  constructor(log: CursorLog, sink: Sink, start: CursorStart) {
    this.#log = log;
    this.#sink = sink;
    this.#policy = start.policy;
    this.#owner = start.owner;
    this.#epoch = start.epoch;
    this.#offset = start.offset;
    this.#isGone = start.isGone;
  }

  get position(): Position {
    return { epoch: this.#epoch, offset: this.#offset };
  }

  get isLive(): boolean {
    return this.#state === "live";
  }

  /** Begin to hand messages over. */
  start(): void {
    if (this.#state !== "new") return;
    this.#followEpoch();
    if (this.#isGone) this.#tellGone();
    this.#goOn();
  }

  /** Take the messages that were just appended, from behind this live cursor's place. */
  push(messages: readonly Message[]): void {
    try {
      for (const message of messages) {
        // Who came to the head while the others were pushed these messages begins behind them.
        if (message.offset > this.#offset && !this.#take(message)) return this.#refused();
      }
    } catch (cause) {
      // One subscriber's defect is not the others' business: they are pushed the same message.
      this.fail(cause);
    }
  }

  /** The sink has room again. */
  drained(): void {
    if (this.#state === "waiting") this.#goOn();
  }

  /** The log was opened anew: its head, or even its epoch, may be another. */
  logChanged(): void {
    if (!this.isLive) return;
    this.#log.removeLive(this);
    try {
      this.#goOn();
    } catch (cause) {
      this.fail(cause);
    }
  }

  /** Stop. Nothing reaches the sink any more. */
  end(): void {
    if (this.isLive) this.#log.removeLive(this);
    this.#state = "ended";
  }

  /** End with an error, of which the sink is told. */
  fail(cause: unknown): void {
    if (this.#hasEnded()) return;
    this.end();
    this.#owner?.cursorEnded();
    this.#sink.ended(new BusbarError("hub/not-read", "the messages could not be read on", { retryable: true, cause }));
  }

  /** Each call of the sink may have ended it. */
  #hasEnded(): boolean {
    return this.#state === "ended";
  }

  #goOn(): void {
    if (this.#hasEnded()) return;
    this.#followEpoch();
    if (this.#offset !== this.#log.head) {
      this.#state = "reading";
      this.#catchUp().catch((cause: unknown) => this.fail(cause));
      return;
    }
    if (this.#isGone) this.#tellGone();
    if (this.#hasEnded()) return;
    this.#isThinning = false;
    this.#state = "live";
    this.#log.addLive(this);
  }

  /** Where the log has another epoch, begin with what there is of it. */
  #followEpoch(): void {
    if (this.#epoch === this.#log.epoch) return;
    this.#epoch = this.#log.epoch;
    this.#offset = 0;
    this.#isGone = true;
  }

  /** Read and hand over batches until the head is reached or the sink is busy. */
  async #catchUp(): Promise<void> {
    while (this.#state === "reading") {
      const { epoch, head } = this.#log;
      const stretch = await this.#read(head);
      // What was read of an epoch that is over belongs to nobody.
      if (this.#log.epoch === epoch) this.#handOver(stretch);
      else this.#followEpoch();
    }
  }

  #read(until: number): Promise<Stretch> {
    const after = this.#offset;
    if (!this.#isThinning || this.#policy.kind !== "latest") return readAll(this.#log, after, until);
    return readNewest(this.#log, { after, until, key: this.#policy.key });
  }

  #handOver({ lostTo, messages, readTo }: Stretch): void {
    if (this.#state !== "reading") return;
    this.#skipTo(lostTo);
    for (const message of messages) if (!this.#take(message)) return this.#wait("full");
    this.#offset = readTo;
    // Nothing was appended between this look at the head and being live: both happen in one go.
    if (readTo === this.#log.head) this.#goOn();
    else if (this.#sink.isBusy) this.#wait("busy");
  }

  /** Tell what is lost of the messages up to there; before the first message of another epoch that all before it is. */
  #skipTo(offset: number): void {
    const from = this.#offset + 1;
    this.#offset = Math.max(offset, this.#offset);
    if (this.#isGone) this.#tellGone();
    else if (offset >= from) this.#sink.gap({ position: this.position, lost: { from, to: offset } });
  }

  #tellGone(): void {
    this.#isGone = false;
    this.#sink.gap({ position: this.position, lost: undefined });
  }

  #take(message: Message): boolean {
    if (this.#hasEnded() || !this.#sink.message(message)) return false;
    this.#offset = message.offset;
    return true;
  }

  /** The sink took no message while this cursor was live. */
  #refused(): void {
    if (this.#hasEnded()) return;
    this.#log.removeLive(this);
    if (this.#policy.kind !== "disconnect") return this.#wait("full");
    this.#state = "ended";
    this.#owner?.cursorEnded();
    this.#sink.tooSlow();
  }

  /** @param why a message was refused, or only something waits */
  #wait(why: "full" | "busy"): void {
    if (this.#hasEnded()) return;
    if (why === "full") this.#isThinning = this.#policy.kind === "latest";
    this.#state = "waiting";
    this.#sink.waits();
  }
}
