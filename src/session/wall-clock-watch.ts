import type { Clock, Timer } from "../kernel/clock.js";

/** How often the wall clock is compared with the one that never jumps. */
const checkMs = 400;

/** From so much on it has jumped, or has drifted so far in small steps. Late by this and one check is below a second. */
const jumpMs = 250;

/**
 * Tells when the wall clock was set, so that what ends at a time of day ends then, and not when it seemed to be due.
 *
 * One timer serves all who watch; while nobody does, none runs.
 */
export class WallClockWatch {
  readonly #clock: Clock;
  readonly #watchers = new Set<() => void>();
  #timer: Timer | undefined;
  #offsetMs = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Be told after each jump, at most a second later; returns what ends that. */
  watch(onJump: () => void): () => void {
    if (this.#watchers.size === 0) this.#begin();
    this.#watchers.add(onJump);
    return () => {
      this.#watchers.delete(onJump);
      if (this.#watchers.size === 0) this.#timer?.cancel();
    };
  }

  #begin(): void {
    this.#offsetMs = this.#offset();
    this.#checkLater();
  }

  #checkLater(): void {
    this.#timer = this.#clock.schedule(checkMs, () => {
      this.#checkLater();
      this.#check();
    });
  }

  #check(): void {
    const offsetMs = this.#offset();
    if (Math.abs(offsetMs - this.#offsetMs) < jumpMs) return;
    this.#offsetMs = offsetMs;
    for (const onJump of this.#watchers) onJump();
  }

  #offset(): number {
    return this.#clock.wallTimeMs() - this.#clock.now();
  }
}
