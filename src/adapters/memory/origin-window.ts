import type { Origin } from "../../hub/store.js";

/** What an entry costs, roughly: its key, its place in the map, two numbers. */
export const originBytes = 192;

/** A repeat may have been under way this long since its sender said how old it is. */
const TRAVEL_MS_MAX = 60_000;

export interface OriginWindowLimits {
  /** A publish is remembered for this long. */
  readonly windowMs: number;
  /** … and so many of one channel. */
  readonly windowMessagesMax: number;
}

interface Entry {
  readonly offset: number;
  readonly at: number;
}

/**
 * Remembers which publishes are in a log already, for a while.
 *
 * Every operation takes constant time, amortised.
 */
export class OriginWindow {
  readonly #limits: OriginWindowLimits;
  /** By producer and sequence; a map keeps its order, so the oldest is the first. */
  readonly #entries = new Map<string, Entry>();
  /** When the newest publish was made that is not remembered any more. */
  #forgottenAt = Number.NEGATIVE_INFINITY;

  constructor(limits: OriginWindowLimits) {
    this.#limits = limits;
  }

  get size(): number {
    return this.#entries.size;
  }

  find(origin: Pick<Origin, "producer" | "sequence">): number | undefined {
    return this.#entries.get(keyOf(origin))?.offset;
  }

  /** Whether an origin that is not found may have been forgotten. */
  mayHaveForgotten({ firstSentAt }: Origin): boolean {
    return firstSentAt !== undefined && firstSentAt - TRAVEL_MS_MAX <= this.#forgottenAt;
  }

  add(origin: Origin, entry: Entry): void {
    this.#entries.set(keyOf(origin), entry);
    if (this.#entries.size > this.#limits.windowMessagesMax) this.forgetOldest();
    // Two for each one that comes: a window that has grown old empties as it is used.
    for (let step = 0; step < 2 && this.#isOldestOver(entry.at); step++) this.forgetOldest();
  }

  forgetOldest(): void {
    for (const [key, { at }] of this.#entries) {
      this.#entries.delete(key);
      this.#forgottenAt = at;
      return;
    }
  }

  #isOldestOver(now: number): boolean {
    for (const { at } of this.#entries.values()) return at < now - this.#limits.windowMs;
    return false;
  }
}

function keyOf({ producer, sequence }: Pick<Origin, "producer" | "sequence">): string {
  return `${sequence}:${producer}`;
}
