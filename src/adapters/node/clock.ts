import { performance } from "node:perf_hooks";
import type { Clock, Turns } from "../../kernel/clock.js";

/** `setTimeout` knows no longer time, and rings at once for one. */
const TIMEOUT_MS_MAX = 2 ** 31 - 1;

/** The machine's clock. Its timers do not keep a process alive that has nothing else to do. */
export const nodeClock: Clock = {
  now() {
    return performance.now();
  },
  wallTimeMs() {
    return Date.now();
  },
  schedule(delayMs, task) {
    let timeout: NodeJS.Timeout;
    const wait = (leftMs: number): void => {
      const goOn = (): void => (leftMs > TIMEOUT_MS_MAX ? wait(leftMs - TIMEOUT_MS_MAX) : task());
      timeout = setTimeout(goOn, Math.min(leftMs, TIMEOUT_MS_MAX));
      timeout.unref();
    };
    // Node counts in whole milliseconds, and from the last one that has begun: it rings up to two of them early.
    wait(Math.ceil(delayMs) + 1);
    return { cancel: () => clearTimeout(timeout) };
  },
};

/**
 * Ends of turns by one `setImmediate` for all tasks of a turn: it runs when every socket that was ready has been read,
 * and before the loop waits again.
 */
export class NodeTurns implements Turns {
  #tasks: (() => void)[] = [];

  atEndOfTurn(task: () => void): void {
    if (this.#tasks.push(task) === 1) setImmediate(() => this.#run());
  }

  /** Run the tasks; should one throw, the others still run, in a turn of their own. */
  #run(): void {
    const tasks = this.#tasks;
    this.#tasks = [];
    let done = 0;
    try {
      for (const task of tasks) {
        done++;
        task();
      }
    } finally {
      for (const task of tasks.slice(done)) this.atEndOfTurn(task);
    }
  }
}
