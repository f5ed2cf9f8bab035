import { closeSync, openSync, readdirSync, readSync } from "node:fs";

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
  /** The part of the time in which the machine ran others although this thread was ready: 0 to 1. */
  readonly crowding: number;
}

/** What a thread had of the processors since it began, in milliseconds. */
interface Share {
  readonly ranMs: number;
  /** Ready to run, and others ran instead. */
  readonly waitedMs: number;
}

const nothing: Share = { ranMs: 0, waitedMs: 0 };

/**
 * Measures for how long the event loop of this thread stands still.
 *
 * A timer that comes late tells that. On a machine that others use as well it also comes late because the thread had to
 * wait for a processor, or slept until a thread that helps it, such as V8's at a collection, had waited for one. Both are
 * known: Linux counts for each thread how long it ran and waited (`/proc/…/schedstat`, in nanoseconds). Elsewhere all of
 * the time counts.
 */
export class StallWatch {
  #own: number | undefined;
  #helpers: readonly number[] = [];
  readonly #buffer = Buffer.alloc(128);
  #timer: NodeJS.Timeout | undefined;
  #at = 0;
  #share = nothing;
  #helpersWaitedMs = 0;
  #stallMs = 0;
  #stallWallMs = 0;
  /** What the clock and the waiting were at the start. */
  #begun = { at: 0, waitedMs: 0 };

  start(): void {
    this.#openAll();
    this.#stallMs = 0;
    this.#stallWallMs = 0;
    this.#at = performance.now();
    this.#share = this.#shareOf(this.#own);
    this.#helpersWaitedMs = this.#waitedByHelpers();
    this.#begun = { at: this.#at, waitedMs: this.#share.waitedMs };
    this.#timer = setInterval(() => this.#look(), EVERY_MS);
  }

  stop(): Stall {
    this.#look();
    clearInterval(this.#timer);
    this.#closeAll();
    const wallMs = this.#at - this.#begun.at;
    const waitedMs = this.#share.waitedMs - this.#begun.waitedMs;
    return {
      stallMs: this.#stallMs,
      stallWallMs: this.#stallWallMs,
      tookMs: wallMs - waitedMs,
      crowding: wallMs === 0 ? 0 : waitedMs / wallMs,
    };
  }

  #look(): void {
    const at = performance.now();
    const share = this.#shareOf(this.#own);
    const helpersWaitedMs = this.#waitedByHelpers();
    const lateMs = at - this.#at - EVERY_MS;
    const waitedMs = share.waitedMs - this.#share.waitedMs;
    const sleptMs = Math.max(0, lateMs - waitedMs - (share.ranMs - this.#share.ranMs));
    const heldUpMs = Math.min(sleptMs, helpersWaitedMs - this.#helpersWaitedMs);
    this.#stallWallMs = Math.max(this.#stallWallMs, lateMs);
    this.#stallMs = Math.max(this.#stallMs, lateMs - waitedMs - heldUpMs);
    this.#at = at;
    this.#share = share;
    this.#helpersWaitedMs = helpersWaitedMs;
  }

  #waitedByHelpers(): number {
    return this.#helpers.reduce((sum, file) => sum + this.#shareOf(file).waitedMs, 0);
  }

  #shareOf(file: number | undefined): Share {
    if (file === undefined) return nothing;
    const bytes = readSync(file, this.#buffer, 0, this.#buffer.length, 0);
    const [ran, waited] = this.#buffer.toString("latin1", 0, bytes).split(" ");
    return { ranMs: Number(ran) / 1e6, waitedMs: Number(waited) / 1e6 };
  }

  /** The main thread has the process's number. */
  #openAll(): void {
    const numbers = threads();
    this.#own = numbers.includes(String(process.pid)) ? openSchedstat(String(process.pid)) : undefined;
    this.#helpers = numbers
      .filter((number) => number !== String(process.pid))
      .flatMap((number) => openSchedstat(number) ?? []);
  }

  #closeAll(): void {
    for (const file of [this.#own ?? [], this.#helpers].flat()) closeSync(file);
    this.#own = undefined;
    this.#helpers = [];
  }
}

function threads(): readonly string[] {
  try {
    return readdirSync("/proc/self/task");
  } catch {
    return [];
  }
}

/** Undefined for a thread that has ended. */
function openSchedstat(thread: string): number | undefined {
  try {
    return openSync(`/proc/self/task/${thread}/schedstat`, "r");
  } catch {
    return undefined;
  }
}
