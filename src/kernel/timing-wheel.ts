import type { Clock, Timer } from "./clock.js";

/** How fine the wheel is: a task runs up to this much later than asked, never earlier. */
const TICK_MS_DEFAULT = 100;
const SLOT_COUNT = 512;

interface WheelTimer extends Timer {
  readonly dueTick: number;
  readonly task: () => void;
}

/**
 * A clock whose tasks share one timer of the clock below, however many there are.
 *
 * Scheduling and cancelling take constant time. While nothing is scheduled no timer runs. A delay can be Infinity.
 */
export class TimingWheel implements Clock {
  readonly #clock: Clock;
  readonly #tickMs: number;
  readonly #slots: readonly Set<WheelTimer>[] = Array.from({ length: SLOT_COUNT }, () => new Set());
  /** The last tick that was worked off. */
  #tick = 0;
  #size = 0;
  #timer: Timer | undefined;

  constructor(clock: Clock, tickMs: number = TICK_MS_DEFAULT) {
    this.#clock = clock;
    this.#tickMs = tickMs;
  }

  /** How many tasks wait. */
  get size(): number {
    return this.#size;
  }

  now(): number {
    return this.#clock.now();
  }

  wallTimeMs(): number {
    return this.#clock.wallTimeMs();
  }

  schedule(delayMs: number, task: () => void): Timer {
    const now = this.#clock.now();
    const tick = Math.floor(now / this.#tickMs);
    if (this.#size === 0) this.#tick = tick;
    const wantedTick = Math.ceil((now + delayMs) / this.#tickMs);
    const dueTick = Math.max(tick + 1, Math.min(wantedTick, Number.MAX_SAFE_INTEGER));
    const timer: WheelTimer = { dueTick, task, cancel: () => void this.#remove(timer) };
    this.#slotOf(dueTick).add(timer);
    this.#size++;
    this.#scheduleTurn();
    return timer;
  }

  #scheduleTurn(): void {
    const nextTickMs = (this.#tick + 1) * this.#tickMs;
    this.#timer ??= this.#clock.schedule(nextTickMs - this.#clock.now(), () => this.#turn());
  }

  #turn(): void {
    this.#timer = undefined;
    const tick = Math.floor(this.#clock.now() / this.#tickMs);
    // A pause longer than one round has every slot looked at once, not once a round.
    const from = Math.max(this.#tick + 1, tick - SLOT_COUNT + 1);
    const due: WheelTimer[] = [];
    for (let at = from; at <= tick; at++) {
      for (const timer of this.#slotOf(at)) if (timer.dueTick <= tick) due.push(timer);
    }
    this.#tick = tick;
    let begun = 0;
    try {
      for (const timer of due) {
        begun++;
        if (this.#remove(timer)) timer.task();
      }
    } finally {
      // Should a task throw, the next turn comes at once and finds those behind it in the same slots.
      if (begun < due.length) this.#tick = from - 1;
      if (this.#size > 0) this.#scheduleTurn();
    }
  }

  #remove(timer: WheelTimer): boolean {
    if (!this.#slotOf(timer.dueTick).delete(timer)) return false;
    this.#size--;
    if (this.#size === 0) {
      this.#timer?.cancel();
      this.#timer = undefined;
    }
    return true;
  }

  #slotOf(tick: number): Set<WheelTimer> {
    const slot = this.#slots[tick % SLOT_COUNT];
    if (slot === undefined)
      throw new RangeError("a time is a number of milliseconds, and not before the clock's origin");
    return slot;
  }
}
