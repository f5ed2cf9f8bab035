import type { Origin } from "../../hub/store.js";
import { BoundedQueue } from "../../kernel/bounded-queue.js";

/** What a remembered publish takes, roughly: its key, its entry, its places in the map and in the queue. */
export const originBytes = 160;

/** A repeat may have been under way this long since its sender said how old it is, in milliseconds. */
const TRAVEL_MS_MAX = 60_000;

export interface OriginWindowLimits {
  /** A publish is remembered for this long, in milliseconds. Default: 600,000. */
  readonly windowMs: number;
  /** … and so many of one channel. Default: 100,000. */
  readonly windowMessagesMax: number;
}

/** Where a publish is in the log, and when it was made, in milliseconds since 1970 UTC. */
interface Place {
  readonly offset: number;
  readonly at: number;
}

interface Entry extends Place {
  readonly key: string;
}

/**
 * Remembers which publishes are in a log already, for a while.
 *
 * Every operation takes constant time, amortised. The oldest stands in a queue beside the map: to find a map's first
 * key, V8 passes all those that were deleted since it was last laid out anew (15 µs at 100,000 keys).
 */
export class OriginWindow {
  readonly #limits: OriginWindowLimits;
  readonly #entries = new Map<string, Entry>();
  /** The same, in the order they came. */
  readonly #queue: BoundedQueue<Entry>;
  /** When the newest publish was made that is not remembered any more. */
  #forgottenAt = Number.NEGATIVE_INFINITY;

  constructor(limits: OriginWindowLimits) {
    this.#limits = limits;
    this.#queue = new BoundedQueue(limits.windowMessagesMax);
  }

  get size(): number {
    return this.#entries.size;
  }

  find(origin: Pick<Origin, "producer" | "sequence">): number | undefined {
    return this.#entries.get(keyOf(origin))?.offset;
  }

  /** Whether an origin that is not found may be one that was remembered once. */
  mayHaveForgotten({ firstSentAt }: Origin): boolean {
    return firstSentAt !== undefined && firstSentAt - TRAVEL_MS_MAX <= this.#forgottenAt;
  }

  /** Remember an origin that is not found. Its time is none before the last one's. */
  add(origin: Origin, { at, offset }: Place): void {
    if (this.#queue.isFull) this.forgetOldest();
    // An object of its own: the message, which has these fields as well, would be kept with its payload.
    const entry: Entry = { key: keyOf(origin), offset, at };
    this.#entries.set(entry.key, entry);
    this.#queue.push(entry);
  }

  /** Forget what is too old at this time, at most `stepsMax` publishes. */
  expire(now: number, stepsMax: number): void {
    const oldestAt = now - this.#limits.windowMs;
    for (let step = 0; step < stepsMax && (this.#queue.peek()?.at ?? Infinity) < oldestAt; step++) this.forgetOldest();
  }

  /** False where there is nothing to forget. */
  forgetOldest(): boolean {
    const oldest = this.#queue.shift();
    if (oldest === undefined) return false;
    this.#entries.delete(oldest.key);
    this.#forgottenAt = oldest.at;
    return true;
  }
}

function keyOf({ producer, sequence }: Pick<Origin, "producer" | "sequence">): string {
  return `${sequence}:${producer}`;
}
