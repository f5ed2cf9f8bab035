import type { Clock, Timer } from "../kernel/clock.js";
import { LazyAbort } from "../kernel/lazy-abort.js";
import { wireError, type WireError } from "../wire/errors.js";

/** Runs tasks that must be done in time, and gives all of them up at once. */
export class Deadlines {
  readonly #clock: Clock;
  readonly #timeoutMs: number;
  /** What runs, and when its time is over: in the order of their ends, for all have the same time. */
  readonly #running = new Map<LazyAbort, number>();
  /** One for all: there is one while anything runs. */
  #timer: Timer | undefined;
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
  run<Value>(task: (abort: LazyAbort) => Promise<Value>): Promise<Value> {
    if (this.#closeError !== undefined) return Promise.reject(this.#closeError);
    const abort = new LazyAbort();
    this.#running.set(abort, this.#clock.now() + this.#timeoutMs);
    this.#timer ??= this.#clock.schedule(this.#timeoutMs, () => this.#look());
    return abort.until(task(abort), () => this.#end(abort));
  }

  /** Give up every task that is running, and run no more. */
  close(error: WireError): void {
    this.#closeError = error;
    for (const abort of this.#running.keys()) abort.abort(error);
  }

  #end(abort: LazyAbort): void {
    this.#running.delete(abort);
    if (this.#running.size > 0) return;
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  /** Give up those whose time is over, and look again when the next one's is. */
  #look(): void {
    this.#timer = undefined;
    const now = this.#clock.now();
    for (const [abort, endsAtMs] of this.#running) {
      if (endsAtMs > now) {
        this.#timer = this.#clock.schedule(endsAtMs - now, () => this.#look());
        return;
      }
      abort.abort(tookTooLong(this.#timeoutMs));
    }
  }
}

/** What a processor has failed with that did not return in time. */
export function tookTooLong(timeoutMs: number): WireError {
  return wireError("message/failed", `the processor took longer than ${timeoutMs} ms`);
}
