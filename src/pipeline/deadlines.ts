import type { Clock } from "../kernel/clock.js";
import { LazyAbort } from "../kernel/lazy-abort.js";
import { wireError, type WireError } from "../wire/errors.js";

/** Runs tasks that must be done in time, and gives all of them up at once. */
export class Deadlines {
  readonly #clock: Clock;
  readonly #timeoutMs: number;
  readonly #running = new Set<LazyAbort>();
  #closeError: WireError | undefined;

  constructor(clock: Clock, timeoutMs: number) {
    this.#clock = clock;
    this.#timeoutMs = timeoutMs;
  }

  /**
   * Run a task, which is aborted when its result is not waited for any longer.
   *
   * Rejects with `message/failed` when the task takes longer than the timeout, and with the error of `close`.
   */
  async run<Value>(task: (abort: LazyAbort) => Promise<Value>): Promise<Value> {
    if (this.#closeError !== undefined) throw this.#closeError;
    const abort = new LazyAbort();
    const timer = this.#clock.schedule(this.#timeoutMs, () => abort.abort(tookTooLong(this.#timeoutMs)));
    this.#running.add(abort);
    try {
      return await abort.until(task(abort));
    } finally {
      timer.cancel();
      this.#running.delete(abort);
    }
  }

  /** Give up every task that is running, and run no more. */
  close(error: WireError): void {
    this.#closeError = error;
    for (const abort of this.#running) abort.abort(error);
  }
}

/** What a processor has failed with that did not return in time. */
export function tookTooLong(timeoutMs: number): WireError {
  return wireError("message/failed", `the processor took longer than ${timeoutMs} ms`);
}
