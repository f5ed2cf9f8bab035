import { Heap } from "./heap.js";
import type { QueueEntry } from "./lane.js";

/**
 * The jobs that wait for a time.
 *
 * A message that was published for a time waits until the wall clock says so, wherever that jumps. A failed one waits
 * for a while: its time moves along when the wall clock is set back, so that this holds up no retry; when the clock is
 * set forward, it is tried early.
 */
export class Schedule {
  readonly #times = new Heap<QueueEntry>(isDueBefore);
  readonly #delays = new Heap<QueueEntry>(isDueBefore);
  /** By how much the wall clock was set back in all. Delays are on the wall clock plus this, which never goes back. */
  #setBackMs = 0;
  #wallMs = -Infinity;

  /** The earliest wall time at which something is due, as far as the wall clock has been heard of. */
  get dueAtMs(): number | undefined {
    const time = this.#times.first?.dueAtMs ?? Infinity;
    const delay = (this.#delays.first?.dueAtMs ?? Infinity) - this.#setBackMs;
    const dueAtMs = Math.min(time, delay);
    return dueAtMs === Infinity ? undefined : dueAtMs;
  }

  /** Hear what the wall clock says. */
  hear(wallMs: number): void {
    if (wallMs < this.#wallMs) this.#setBackMs += this.#wallMs - wallMs;
    this.#wallMs = wallMs;
  }

  /** Have a job wait until a wall time: until that time if it was never tried, for the time from now otherwise. */
  add(entry: QueueEntry, dueAtWallMs: number): void {
    if (entry.attempts === 0) {
      entry.dueAtMs = dueAtWallMs;
      this.#times.push(entry);
    } else {
      entry.dueAtMs = dueAtWallMs + this.#setBackMs;
      this.#delays.push(entry);
    }
  }

  /** Take out one that is due by what was heard last, those that were due first before the others. */
  take(): QueueEntry | undefined {
    return takeUntil(this.#delays, this.#wallMs + this.#setBackMs) ?? takeUntil(this.#times, this.#wallMs);
  }
}

function takeUntil(heap: Heap<QueueEntry>, nowMs: number): QueueEntry | undefined {
  return heap.first !== undefined && heap.first.dueAtMs <= nowMs ? heap.pop() : undefined;
}

function isDueBefore(one: QueueEntry, other: QueueEntry): boolean {
  return one.dueAtMs === other.dueAtMs ? one.head.sequence < other.head.sequence : one.dueAtMs < other.dueAtMs;
}
