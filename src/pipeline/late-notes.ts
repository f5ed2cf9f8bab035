import type { Clock, Timer } from "../kernel/clock.js";

/** What is still there after so long is noted, and what goes before is not. */
const NOTED_AFTER_MS = 20;

/** Notes what lasts: whatever is over within 20 ms needs no note, and the rest is noted within 40 ms. */
export class LateNotes<Item> {
  readonly #clock: Clock;
  readonly #note: (item: Item) => void;
  /** Those that came lately, and those from before. */
  #young = new Set<Item>();
  #old = new Set<Item>();
  #timer: Timer | undefined;

  constructor(clock: Clock, note: (item: Item) => void) {
    this.#clock = clock;
    this.#note = note;
  }

  add(item: Item): void {
    this.#young.add(item);
    this.#timer ??= this.#clock.schedule(NOTED_AFTER_MS, () => this.#look());
  }

  /** It is over. */
  remove(item: Item): void {
    this.#young.delete(item);
    this.#old.delete(item);
  }

  close(): void {
    this.#timer?.cancel();
  }

  #look(): void {
    const old = this.#old;
    this.#old = this.#young;
    this.#young = new Set();
    this.#timer = this.#old.size === 0 ? undefined : this.#clock.schedule(NOTED_AFTER_MS, () => this.#look());
    for (const item of old) this.#note(item);
  }
}
