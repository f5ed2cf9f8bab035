import type { Random } from "../kernel/random.js";

export interface BackoffOptions {
  readonly reconnectDelayMs: number;
  readonly reconnectDelayMsMax: number;
}

/** The delays between attempts: full jitter, so that clients which were cut together do not come back together. */
export class Backoff {
  readonly #options: BackoffOptions;
  readonly #random: Random;
  #attempts = 0;

  constructor(options: BackoffOptions, random: Random) {
    this.#options = options;
    this.#random = random;
  }

  /** The next delay: evenly from 0 to a limit that doubles each time until it is `reconnectDelayMsMax`. */
  nextDelayMs(): number {
    const { reconnectDelayMs, reconnectDelayMsMax } = this.#options;
    const limitMs = Math.min(reconnectDelayMsMax, reconnectDelayMs * 2 ** this.#attempts);
    if (limitMs < reconnectDelayMsMax) this.#attempts++;
    return Math.round(this.#random.fraction() * limitMs);
  }

  /** A delay for when nobody is in a hurry: from half of the longest to the longest. */
  longDelayMs(): number {
    return Math.round((0.5 + this.#random.fraction() / 2) * this.#options.reconnectDelayMsMax);
  }

  /** A connection was good: the next delay is a short one again. */
  reset(): void {
    this.#attempts = 0;
  }
}
