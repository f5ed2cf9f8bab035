import { BoundedQueue } from "../../kernel/bounded-queue.js";
import type { JobFound } from "../../pipeline/job-store.js";
import type { OriginWindowLimits } from "./origin-window.js";

/** What a job that ended takes beside its texts, roughly. */
const ENDED_BYTES = 400;

type Ended = Extract<JobFound, { kind: "ended" }>;

interface Entry {
  readonly id: string;
  readonly ended: Ended;
  /** In milliseconds since 1970 UTC. */
  readonly at: number;
  readonly bytes: number;
}

/** Remembers how jobs ended, for a while. Every operation takes constant time, amortised. */
export class EndedJobs {
  readonly #windowMs: number;
  readonly #entries = new Map<string, Entry>();
  /** The same, in the order of their ends. */
  readonly #queue: BoundedQueue<Entry>;
  #bytes = 0;
  #forgottenAt = Number.NEGATIVE_INFINITY;

  constructor({ windowMessagesMax, windowMs }: OriginWindowLimits) {
    this.#windowMs = windowMs;
    this.#queue = new BoundedQueue(windowMessagesMax);
  }

  /** About how much memory they take. */
  get bytes(): number {
    return this.#bytes;
  }

  get count(): number {
    return this.#queue.length;
  }

  /** When the newest job ended that is not remembered any more; `-Infinity` where there is none. */
  get forgottenAt(): number {
    return this.#forgottenAt;
  }

  find(id: string): Ended | undefined {
    return this.#entries.get(id)?.ended;
  }

  /** Remember how the job with this id, which is not known, ended at this time. */
  add(id: string, ended: Ended, at: number): void {
    if (this.#queue.isFull) this.forgetOldest();
    const entry: Entry = { id, ended, at, bytes: bytesOf(id, ended) };
    this.#entries.set(id, entry);
    this.#queue.push(entry);
    this.#bytes += entry.bytes;
  }

  /** Forget what is too old at this time, at most `stepsMax` jobs. */
  expire(now: number, stepsMax: number): void {
    const oldestAt = now - this.#windowMs;
    for (let step = 0; step < stepsMax && (this.#queue.peek()?.at ?? Infinity) < oldestAt; step++) this.forgetOldest();
  }

  /** False where there is nothing to forget. */
  forgetOldest(): boolean {
    const oldest = this.#queue.shift();
    if (oldest === undefined) return false;
    this.#entries.delete(oldest.id);
    this.#bytes -= oldest.bytes;
    // The clock can have gone back.
    this.#forgottenAt = Math.max(this.#forgottenAt, oldest.at);
    return true;
  }
}

function bytesOf(id: string, { channel, end, origin, principal }: Ended): number {
  const reason = end.kind === "rejected" ? end.reason.length : 0;
  return ENDED_BYTES + id.length + channel.length + origin.producer.length + principal.length + reason;
}
