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
 * Scheduling and cancelling take constant time. While nothing is scheduled no timer runs.
 */
export class TimingWheel implements Clock {
  readonly #clock: Clock;
  readonly #tickMs: number;
  readonly #slots: Set<WheelTimer>[] = Array.from({ length: SLOT_COUNT }, () => new Set());
  /** The last tick that was worked off. */
  #tick: number;
  #size = 0;
  #timer: Timer | undefined;

  constructor(clock: Clock, tickMs: number = TICK_MS_DEFAULT) {
    this.#clock = clock;
    this.#tickMs = tickMs;
    this.#tick = this.#tickOf(clock.now());
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
    if (this.#size === 0) this.#tick = this.#tickOf(this.#clock.now());
    const dueTick = Math.max(this.#tick + 1, Math.ceil((this.#clock.now() + delayMs) / this.#tickMs));
    const slot = this.#slotOf(dueTick);
    const timer: WheelTimer = { dueTick, task, cancel: () => this.#remove(timer, slot) };
    slot.add(timer);
    this.#size++;
    this.#timer ??= this.#clock.schedule(this.#tickMs, () => this.#turn());
    return timer;
  }

  #turn(): void {
    this.#timer = undefined;
    const now = this.#tickOf(this.#clock.now());
    // A pause longer than one round has every slot looked at once, not once a round.
    const from = Math.max(this.#tick + 1, now - SLOT_COUNT + 1);
    this.#tick = now;
    const due: WheelTimer[] = [];
    for (let tick = from; tick <= now; tick++) {
      for (const timer of this.#slotOf(tick)) if (timer.dueTick <= now) due.push(timer);
    }
    for (const timer of due) if (this.#remove(timer, this.#slotOf(timer.dueTick))) timer.task();
    if (this.#size > 0) this.#timer ??= this.#clock.schedule(this.#tickMs, () => this.#turn());
  }

  #remove(timer: WheelTimer, slot: Set<WheelTimer>): boolean {
    if (!slot.delete(timer)) return false;
    this.#size--;
    if (this.#size === 0) {
      this.#timer?.cancel();
      this.#timer = undefined;
    }
    return true;
  }

  #slotOf(tick: number): Set<WheelTimer> {
    const slot = this.#slots[tick % SLOT_COUNT];
    if (slot === undefined) throw new RangeError("a tick is a whole number that is not negative");
    return slot;
  }

  #tickOf(timeMs: number): number {
    return Math.floor(timeMs / this.#tickMs);
  }
}
