import { openSync, readSync } from "node:fs";

/** How often the loop is asked for a sign of life. */
const EVERY_MS = 2;

/** The longest time in which an event loop did not come round. */
export interface Stall {
  /** Without the time in which this thread was ready to run and the machine ran others instead. */
  readonly stallMs: number;
  /** As the clock on the wall has it. */
  readonly stallWallMs: number;
  /** How long it was watched, without the time in which the machine ran others instead. */
  readonly tookMs: number;
}

/**
 * Measures for how long the event loop of this thread stands still.
 *
 * A timer that comes late tells that. On a machine that others use as well it also comes late because the thread had to
 * wait for a processor, so that time, which Linux counts for each thread (`/proc/…/schedstat`, its second number, in
 * nanoseconds), is known too. Elsewhere both figures are the same.
 */
export class StallWatch {
  readonly #schedstat = openSchedstat();
  readonly #buffer = Buffer.alloc(128);
  #timer: NodeJS.Timeout | undefined;
  #at = 0;
  #waitedMs = 0;
  /** What the clock and the waiting were at the start. */
  #begun = { at: 0, waitedMs: 0 };
  #stallMs = 0;
  #stallWallMs = 0;

  start(): void {
    this.#stallMs = 0;
    this.#stallWallMs = 0;
    this.#at = performance.now();
    this.#waitedMs = this.#queuedMs();
    this.#begun = { at: this.#at, waitedMs: this.#waitedMs };
    this.#timer = setInterval(() => this.#look(), EVERY_MS);
  }

  stop(): Stall {
    this.#look();
    clearInterval(this.#timer);
    const tookMs = this.#at - this.#begun.at - (this.#waitedMs - this.#begun.waitedMs);
    return { stallMs: this.#stallMs, stallWallMs: this.#stallWallMs, tookMs };
  }

  #look(): void {
    const at = performance.now();
    const waitedMs = this.#queuedMs();
    const lateMs = at - this.#at - EVERY_MS;
    this.#stallWallMs = Math.max(this.#stallWallMs, lateMs);
    this.#stallMs = Math.max(this.#stallMs, lateMs - (waitedMs - this.#waitedMs));
    this.#at = at;
    this.#waitedMs = waitedMs;
  }

  /** How long this thread has been waiting for a processor since it began. */
  #queuedMs(): number {
    if (this.#schedstat === undefined) return 0;
    const bytes = readSync(this.#schedstat, this.#buffer, 0, this.#buffer.length, 0);
    return Number(this.#buffer.toString("latin1", 0, bytes).split(" ")[1]) / 1e6;
  }
}

/** The main thread has the process's number. */
function openSchedstat(): number | undefined {
  try {
    return openSync(`/proc/self/task/${process.pid}/schedstat`, "r");
  } catch {
    return undefined;
  }
}
