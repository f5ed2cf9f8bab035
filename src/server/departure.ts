import type { Clock } from "../kernel/clock.js";
import type { Random } from "../kernel/random.js";

/** So many clients of one server are told to come back in a second, at most. */
const returnsPerSecondMax = 1000;

/** Clients are sent away in steps of this time. */
const STEP_MS = 10;

/** A client, as far as it has to be told to go. */
export interface Departing {
  /** Tell it when to come back, and end its connection. */
  goodbye(retryAfterMs: number): void;
}

export interface DepartureOptions {
  readonly clock: Clock;
  readonly random: Random;
  /** The last client is told to go after so much time. */
  readonly drainMs: number;
  /** So much later the first one comes back. */
  readonly retryAfterMs: number;
}

/** Sends all clients of a server away, and has them come back: both at an even rate. */
export class Departure {
  readonly #options: DepartureOptions;
  readonly #clients: readonly Departing[];
  readonly #begunAt: number;
  /** All come back within so much time, from when the first one does. */
  readonly #spreadMs: number;
  #gone = 0;

  constructor(clients: Iterable<Departing>, options: DepartureOptions) {
    const { clock, drainMs, retryAfterMs } = options;
    this.#options = options;
    this.#clients = [...clients];
    this.#begunAt = clock.now();
    this.#spreadMs = Math.max(drainMs, retryAfterMs, (this.#clients.length / returnsPerSecondMax) * 1000);
  }

  /** Tell them, one after the other; resolves when the last one was told. */
  async run(): Promise<void> {
    const { clock, drainMs, random } = this.#options;
    const { length } = this.#clients;
    for (;;) {
      const elapsedMs = clock.now() - this.#begunAt;
      for (let client = this.#next(elapsedMs); client !== undefined; client = this.#next(elapsedMs)) {
        client.goodbye(this.#retryAfterMs((this.#gone + random.fraction()) / length));
        this.#gone++;
      }
      if (elapsedMs >= drainMs) return;
      await new Promise<void>((resolve) => clock.schedule(Math.min(STEP_MS, drainMs - elapsedMs), resolve));
    }
  }

  /** When to come back, for a client that comes now and is not let in any more. */
  get retryAfterMs(): number {
    return this.#retryAfterMs(this.#options.random.fraction());
  }

  /** The next client that has to go by now. */
  #next(elapsedMs: number): Departing | undefined {
    const { drainMs } = this.#options;
    const isItsTime = elapsedMs >= drainMs || this.#gone * drainMs < elapsedMs * this.#clients.length;
    return isItsTime ? this.#clients[this.#gone] : undefined;
  }

  /** @param share of the time in which all come back */
  #retryAfterMs(share: number): number {
    const { clock, drainMs, retryAfterMs } = this.#options;
    const leftMs = Math.max(0, this.#begunAt + drainMs - clock.now());
    return Math.round(leftMs + retryAfterMs + share * this.#spreadMs);
  }
}
