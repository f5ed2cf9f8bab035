import type { Clock } from "../kernel/clock.js";
import { deferred } from "../kernel/deferred.js";
import { wireError, type WireError } from "../wire/errors.js";

/** Runs tasks that must be done in time, and gives all of them up at once. */
export class Deadlines {
  readonly #clock: Clock;
  readonly #timeoutMs: number;
  readonly #giveUps = new Set<(error: WireError) => void>();
  #closeError: WireError | undefined;

  constructor(clock: Clock, timeoutMs: number) {
    this.#clock = clock;
    this.#timeoutMs = timeoutMs;
  }

  /**
   * Run a task; its signal is aborted when its result is not waited for any longer.
   *
   * Rejects with `message/failed` when the task takes longer than the timeout, and with the error of `close`.
   */
  async run<Value>(task: (signal: AbortSignal) => Promise<Value>): Promise<Value> {
    if (this.#closeError !== undefined) throw this.#closeError;
    const controller = new AbortController();
    const givenUp = deferred<never>();
    const giveUp = (error: WireError): void => {
      givenUp.reject(error);
      controller.abort(error);
    };
    const timer = this.#clock.schedule(this.#timeoutMs, () => {
      giveUp(tookTooLong(this.#timeoutMs));
    });
    this.#giveUps.add(giveUp);
    try {
      return await Promise.race([task(controller.signal), givenUp.promise]);
    } finally {
      timer.cancel();
      this.#giveUps.delete(giveUp);
    }
  }

  /** Give up every task that is running, and run no more. */
  close(error: WireError): void {
    this.#closeError = error;
    for (const giveUp of this.#giveUps) giveUp(error);
  }
}

/** What a processor has failed with that did not return in time. */
export function tookTooLong(timeoutMs: number): WireError {
  return wireError("message/failed", `the processor took longer than ${timeoutMs} ms`);
}
