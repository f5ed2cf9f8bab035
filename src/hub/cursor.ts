import { BusbarError } from "../kernel/errors.js";
import type { Position } from "../wire/messages.js";
import { Newest } from "./newest.js";
import type { Gap, Sink } from "./sink.js";
import type { Message } from "./store.js";

/** What a cursor needs of its channel's log. */
export interface CursorLog {
  /** It changes when the log was lost: what was known of its offsets means nothing any more. */
  readonly epoch: string;
  /** The offset of the newest message that was announced. */
  readonly head: number;
  /** Read a bounded batch behind `after`, up to `until`. */
  read(after: number, until: number): Promise<readonly Message[]>;
  /** Call the cursor's `push` with each message from now on. */
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

export interface CursorStart {
  readonly offset: number;
  /** What was asked for is gone: the sink is told so before the first message. */
  readonly isGone: boolean;
  readonly policy: Policy;
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
    this.#epoch = log.epoch;
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
    if (this.#isGone) this.#tellGone();
    this.#goOn();
  }

  /** Take the message that was just appended behind this live cursor's place. */
  push(message: Message): void {
    try {
      if (!this.#take(message)) this.#refused();
    } catch (cause) {
      // One subscriber's defect is not the others' business: they are pushed the same message.
      this.#fail(cause);
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
    this.#goOn();
  }

  /** Stop. Nothing reaches the sink any more. */
  end(): void {
    if (this.isLive) this.#log.removeLive(this);
    this.#state = "ended";
  }

  #goOn(): void {
    this.#followEpoch();
    if (this.#offset === this.#log.head) {
      if (this.#isGone) this.#tellGone();
      this.#isThinning = false;
      this.#state = "live";
      this.#log.addLive(this);
    } else {
      this.#state = "reading";
      this.#catchUp().catch((cause: unknown) => this.#fail(cause));
    }
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
      const newest = this.#newest();
      const messages =
        newest === undefined ? await this.#log.read(this.#offset, head) : await newest.read(this.#offset, head);
      // What was read of an epoch that is over belongs to nobody.
      if (this.#log.epoch === epoch) this.#handOver(messages, newest?.readTo ?? head);
      else if (this.#state === "reading") this.#followEpoch();
    }
  }

  #newest(): Newest | undefined {
    return this.#isThinning && this.#policy.kind === "latest" ? new Newest(this.#log, this.#policy.key) : undefined;
  }

  /** @param until what was read goes so far; where nothing was read, nothing is kept up to there. */
  #handOver(messages: readonly Message[], until: number): void {
    if (this.#state !== "reading") return;
    const first = messages[0];
    if (first === undefined || !this.#isThinning) this.#skipTo((first?.offset ?? until + 1) - 1);
    for (const message of messages) if (!this.#take(message)) return this.#wait();
    if (this.#isThinning) this.#offset = until;
    // Nothing was appended between this look at the head and being live: both happen in one go.
    if (this.#offset === this.#log.head) this.#goOn();
    else if (this.#sink.isBusy) this.#wait();
  }

  #skipTo(offset: number): void {
    if (this.#isGone) {
      this.#offset = offset;
      this.#tellGone();
    } else if (offset > this.#offset) {
      const gap: Gap = { position: { epoch: this.#epoch, offset }, lost: { from: this.#offset + 1, to: offset } };
      this.#offset = offset;
      this.#sink.gap(gap);
    }
  }

  #tellGone(): void {
    this.#isGone = false;
    this.#sink.gap({ position: this.position, lost: undefined });
  }

  #take(message: Message): boolean {
    if (this.#state === "ended" || !this.#sink.message(message)) return false;
    this.#offset = message.offset;
    return true;
  }

  /** The sink took no message while this cursor was live. */
  #refused(): void {
    if (this.#state === "ended") return;
    this.#log.removeLive(this);
    if (this.#policy.kind === "disconnect") {
      this.#state = "ended";
      return this.#sink.tooSlow();
    }
    this.#wait();
  }

  #wait(): void {
    if (this.#state === "ended") return;
    this.#isThinning = this.#policy.kind === "latest";
    this.#state = "waiting";
    this.#sink.waits();
  }

  #fail(cause: unknown): void {
    if (this.#state === "ended") return;
    this.end();
    this.#sink.ended(new BusbarError("hub/not-read", "the messages could not be read on", { retryable: true, cause }));
  }
}
