import type { Clock, Timer } from "../kernel/clock.js";

export interface PulseOptions {
  readonly clock: Clock;
  /** After this much silence the server is asked whether it is there. */
  readonly pingAfterMs: number;
  /** So long it has for anything that it says. */
  readonly pongTimeoutMs: number;
  readonly ping: () => void;
  readonly onDead: () => void;
}

/**
 * Notices a connection whose other end is gone without a word: a browser does not tell, and cannot ping by itself.
 *
 * Timers of a hidden page, or of a machine that slept, run late. That is harmless: the time for an answer begins when
 * the question is asked.
 */
export class Pulse {
  readonly #options: PulseOptions;
  #heardAtMs = 0;
  /** A question was asked, and nothing was heard since. */
  #isAsking = false;
  #timer: Timer | undefined;

  constructor(options: PulseOptions) {
    this.#options = options;
  }

  start(): void {
    this.heard();
    this.#wait();
  }

  stop(): void {
    this.#timer?.cancel();
  }

  /** Something came from the server. */
  heard(): void {
    this.#heardAtMs = this.#options.clock.now();
    this.#isAsking = false;
  }

  /** Ask now: something happened that connections often do not survive. */
  check(): void {
    const { clock, pongTimeoutMs, ping, onDead } = this.#options;
    if (this.#isAsking) return;
    this.#isAsking = true;
    this.stop();
    this.#timer = clock.schedule(pongTimeoutMs, () => {
      if (this.#isAsking) onDead();
      else this.#wait();
    });
    ping();
  }

  #wait(): void {
    const { clock, pingAfterMs } = this.#options;
    const leftMs = this.#heardAtMs + pingAfterMs - clock.now();
    if (leftMs <= 0) return this.check();
    this.#timer = clock.schedule(leftMs, () => this.#wait());
  }
}
