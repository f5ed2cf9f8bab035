import { BusbarError } from "../kernel/errors.js";
import type { Clock, Timer, Turns } from "../kernel/clock.js";

/** A program that still makes turns after this many of them goes round in circles. */
const TURNS_MAX = 10_000;

export interface VirtualClockOptions {
  /** What the clock shows as the time since 1970 UTC when `now()` is 0. Default: 2025-01-01T00:00:00Z. */
  readonly wallTimeMs?: number;
}

interface VirtualTimer extends Timer {
  readonly dueMs: number;
  readonly task: () => void;
}

/**
 * A clock, and the ends of turns, that stand still until a test moves them.
 *
 * Timers run in the order in which they are due; those that are due together, in the order in which they were set.
 * Each timer's task is a turn of its own: what waits for the end of the turn runs right behind it.
 */
export class VirtualClock implements Clock, Turns {
  #nowMs = 0;
  #wallOffsetMs: number;
  /** Sorted by `dueMs`; equal ones in the order they came. */
  readonly #timers: VirtualTimer[] = [];
  #turnTasks: (() => void)[] = [];

  constructor(options: VirtualClockOptions = {}) {
    this.#wallOffsetMs = options.wallTimeMs ?? Date.UTC(2025, 0, 1);
  }

  /** How many timers wait: a closed object that started some leaves none. */
  get timerCount(): number {
    return this.#timers.length;
  }

  /** When the next timer is due, as `now()` counts; undefined where none waits. */
  get nextTimerMs(): number | undefined {
    return this.#timers[0]?.dueMs;
  }

  now(): number {
    return this.#nowMs;
  }

  wallTimeMs(): number {
    return this.#wallOffsetMs + this.#nowMs;
  }

  /** Let the wall clock jump, as when somebody sets it. `now()` and the timers do not notice. */
  jumpWallTime(byMs: number): void {
    this.#wallOffsetMs += byMs;
  }

  schedule(delayMs: number, task: () => void): Timer {
    const timer: VirtualTimer = {
      dueMs: this.#nowMs + Math.max(0, delayMs),
      task,
      cancel: () => {
        const index = this.#timers.indexOf(timer);
        if (index !== -1) this.#timers.splice(index, 1);
      },
    };
    const behind = this.#timers.findIndex((other) => other.dueMs > timer.dueMs);
    this.#timers.splice(behind === -1 ? this.#timers.length : behind, 0, timer);
    return timer;
  }

  atEndOfTurn(task: () => void): void {
    this.#turnTasks.push(task);
  }

  /**
   * End the turn: run what waits for its end. What these tasks add waits for the end of the next turn.
   *
   * Returns whether there was anything to run.
   */
  runTurn(): boolean {
    const tasks = this.#turnTasks;
    this.#turnTasks = [];
    for (const task of tasks) task();
    return tasks.length > 0;
  }

  /**
   * Let `ms` pass at once: every timer that is due by then runs, those too that the tasks set on the way.
   *
   * Promises are not waited for: see `pass`.
   */
  advance(ms: number): void {
    const endMs = this.#nowMs + ms;
    while (this.#runNextTimer(endMs)) this.runTurn();
    this.#nowMs = endMs;
  }

  /** Let `ms` pass, and after each timer everything that follows from it: promises and turns. */
  async pass(ms: number): Promise<void> {
    const endMs = this.#nowMs + ms;
    await this.settle();
    while (this.#runNextTimer(endMs)) await this.settle();
    this.#nowMs = endMs;
  }

  /**
   * Wait until no promise has anything to do and no turn has tasks, without letting time pass.
   *
   * Promises that hang on real sockets, files or timers are not waited for.
   *
   * @throws BusbarError `testing/never-settles` when there is still something to do after 10,000 turns.
   */
  async settle(): Promise<void> {
    for (let turn = 0; turn < TURNS_MAX; turn++) {
      await microtasksDone();
      if (!this.runTurn()) return;
    }
    throw new BusbarError("testing/never-settles", `there was still something to do after ${TURNS_MAX} turns`);
  }

  #runNextTimer(endMs: number): boolean {
    const next = this.#timers[0];
    if (next === undefined || next.dueMs > endMs) return false;
    this.#timers.shift();
    this.#nowMs = Math.max(this.#nowMs, next.dueMs);
    next.task();
    return true;
  }
}

/** A real turn of the event loop: it begins when every promise that could go on has gone on. */
function microtasksDone(): Promise<void> {
  return new Promise((resolve) => {
    if (typeof setImmediate === "function") setImmediate(resolve);
    else setTimeout(resolve, 0);
  });
}
