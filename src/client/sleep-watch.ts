import type { Clock, Timer } from "../kernel/clock.js";

const LOOK_EVERY_MS = 30_000;

/**
 * A machine that slept this long was given up by the server, and the farewell may never arrive.
 *
 * Shorter sleeps need no help, the end of the connection is still being repeated by the server's system when the
 * machine wakes. Nor may it be shorter: a browser lets the timers of a hidden page run as seldom as once a minute.
 */
const SLEPT_MS_MIN = 120_000;

/** Notices that the machine, or the page, was asleep: the wall clock went on and the timers did not. */
export class SleepWatch {
  readonly #clock: Clock;
  readonly #onWake: () => void;
  #timer: Timer | undefined;

  constructor(clock: Clock, onWake: () => void) {
    this.#clock = clock;
    this.#onWake = onWake;
  }

  start(): void {
    this.stop();
    const beganAtMs = this.#clock.wallTimeMs();
    this.#timer = this.#clock.schedule(LOOK_EVERY_MS, () => {
      this.start();
      if (this.#clock.wallTimeMs() - beganAtMs >= SLEPT_MS_MIN) this.#onWake();
    });
  }

  stop(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }
}
