import { BusbarError } from "../kernel/errors.js";
import type { Position } from "../wire/messages.js";
import type { Gap, Sink } from "./sink.js";
import type { Message } from "./store.js";

/** What a cursor needs of its channel's log. */
export interface CursorLog {
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
 * - `live`: at the head of the log; every message is pushed as it is appended.
 * - `reading`: behind the head; a batch from the store is on its way.
 * - `waiting`: behind the head or not, but the sink has to drain first.
 */
type State = "new" | "live" | "reading" | "waiting" | "ended";

/**
 * A subscriber's place in a channel's log: the offset of the last message that its sink took.
 *
 * Every message behind its place reaches the sink once and in order, or a gap says which do not.
 */
export class Cursor {
  readonly #log: CursorLog;
  readonly #sink: Sink;
  #offset: number;
  #state: State = "new";

  constructor(log: CursorLog, sink: Sink, offset: number) {
    this.#log = log;
    this.#sink = sink;
    this.#offset = offset;
  }

  get position(): Position {
    return { epoch: this.#log.epoch, offset: this.#offset };
  }

  get isLive(): boolean {
    return this.#state === "live";
  }

  /** Begin to hand messages over. */
  start(): void {
    if (this.#state === "new") this.#goOn();
  }

  /** Take the message that was just appended behind this live cursor's place. */
  push(message: Message): void {
    try {
      if (this.#take(message)) return;
      this.#log.removeLive(this);
      this.#wait();
    } catch (cause) {
      // One subscriber's defect is not the others' business: they are pushed the same message.
      this.#fail(cause);
    }
  }

  /** The sink has room again. */
  drained(): void {
    if (this.#state === "waiting") this.#goOn();
  }

  /** Stop. Nothing reaches the sink any more. */
  end(): void {
    if (this.isLive) this.#log.removeLive(this);
    this.#state = "ended";
  }

  #goOn(): void {
    if (this.#offset === this.#log.head) {
      this.#state = "live";
      this.#log.addLive(this);
    } else {
      this.#state = "reading";
      this.#catchUp().catch((cause: unknown) => this.#fail(cause));
    }
  }

  /** Read and hand over batches until the head is reached or the sink is busy. */
  async #catchUp(): Promise<void> {
    while (this.#state === "reading") {
      const until = this.#log.head;
      this.#handOver(await this.#log.read(this.#offset, until), until);
    }
  }

  #handOver(messages: readonly Message[], until: number): void {
    if (this.#state !== "reading") return;
    this.#skipTo((messages[0]?.offset ?? until + 1) - 1);
    for (const message of messages) if (!this.#take(message)) return this.#wait();
    // Nothing was appended between this look at the head and being live: both happen in one go.
    if (this.#offset === this.#log.head) this.#goOn();
    else if (this.#sink.isBusy) this.#wait();
  }

  #skipTo(offset: number): void {
    if (offset <= this.#offset) return;
    const gap: Gap = { position: { epoch: this.#log.epoch, offset }, lost: { from: this.#offset + 1, to: offset } };
    this.#offset = offset;
    this.#sink.gap(gap);
  }

  #take(message: Message): boolean {
    if (this.#state === "ended" || !this.#sink.message(message)) return false;
    this.#offset = message.offset;
    return true;
  }

  #wait(): void {
    if (this.#state === "ended") return;
    this.#state = "waiting";
    this.#sink.waits();
  }

  #fail(cause: unknown): void {
    if (this.#state === "ended") return;
    this.end();
    this.#sink.ended(new BusbarError("hub/not-read", "the messages could not be read on", { retryable: true, cause }));
  }
}
