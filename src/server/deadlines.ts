/** So many are told in one turn of the event loop that their time is over; others get their turn in between. */
const TOLD_AT_ONCE_MAX = 32;

/**
 * Gives each of many the same time: one timer serves them all, for whoever came first is due first.
 */
export class Deadlines<Item extends object> {
  readonly #timeMs: number;
  readonly #onLate: (item: Item) => void;
  /** When each one is due. A map keeps the order in which they came. */
  readonly #dueAt = new Map<Item, number>();
  /** Whether a timer runs. */
  #isWatching = false;

  constructor(timeMs: number, onLate: (item: Item) => void) {
    this.#timeMs = timeMs;
    this.#onLate = onLate;
  }

  /** Give it its time from now on. */
  start(item: Item): void {
    this.#dueAt.set(item, performance.now() + this.#timeMs);
    if (!this.#isWatching) this.#watch(this.#timeMs);
  }

  /** It has met its deadline, or is gone. */
  stop(item: Item): void {
    this.#dueAt.delete(item);
  }

  #watch(delayMs: number): void {
    this.#isWatching = true;
    setTimeout(() => this.#look(), delayMs).unref();
  }

  #look(): void {
    this.#isWatching = false;
    let left = TOLD_AT_ONCE_MAX;
    for (const [item, dueAt] of this.#dueAt) {
      const delayMs = dueAt - performance.now();
      if (delayMs > 0 || left-- === 0) return this.#watch(Math.max(delayMs, 0));
      this.#dueAt.delete(item);
      this.#onLate(item);
    }
  }
}
