import { Heap } from "./heap.js";
import type { Link } from "./chain.js";
import type { JobHead } from "./job-store.js";

/** Where a job is. `scheduled`: it waits for a time; `ended`: the queue knows it no more. */
export type QueueState = "waiting" | "scheduled" | "running" | "dead" | "ended";

/** A job that is in somebody's hands until the lease ends, if it is not renewed. */
export interface Lease {
  readonly entry: QueueEntry;
  /** On the monotonic clock. */
  readonly endsAtMs: number;
}

/** A job in its queue. */
export interface QueueEntry {
  readonly head: JobHead;
  state: QueueState;
  /** How many attempts have begun, the one under way included. */
  attempts: number;
  /** Lower ones go first in a lane; `NO_PLACE` until it stood in line for the first time. */
  place: number;
  isInLine: boolean;
  /** For one that is scheduled: when it is due, on the schedule's own clock. */
  dueAtMs: number;
  lease: Link<Lease> | undefined;
  /** Where it is in the heap of ages. */
  ageIndex: number;
}

/** The place of a job that has not stood in line yet. */
export const NO_PLACE = 0;

/**
 * How it stands with a lane. `ready`: its first job can be processed; `busy`: one is being processed; `blocked`: its
 * first job has failed, and nothing goes on before that one does; `empty`: nobody stands in line.
 */
export type LaneCondition = "ready" | "busy" | "blocked" | "empty";

/** The jobs of one key that stand in line, one behind the other. */
export class Lane {
  readonly key: string;
  /** What the queue has it down as. */
  condition: LaneCondition = "empty";
  /** Its place among the lanes that are ready. */
  turn: Link<Lane> | undefined;
  #isBusy = false;
  readonly #line = new Heap<QueueEntry>(standsBefore);

  constructor(key: string) {
    this.key = key;
  }

  /** How it stands with the lane now, as opposed to when the queue looked last. */
  assess(): LaneCondition {
    if (this.#isBusy) return "busy";
    const first = this.#first();
    if (first === undefined) return "empty";
    return first.state === "waiting" ? "ready" : "blocked";
  }

  /** Stand in line. Does nothing for a job that does. */
  join(entry: QueueEntry): void {
    if (entry.isInLine) return;
    entry.isInLine = true;
    this.#line.push(entry);
  }

  /** Take the first job out of the line, to be processed; nothing else of this lane begins before `leave`. */
  take(): QueueEntry | undefined {
    const first = this.#first();
    if (first === undefined) return undefined;
    this.#line.pop();
    first.isInLine = false;
    this.#isBusy = true;
    return first;
  }

  /** The job that was taken is not being processed any more. */
  leave(): void {
    this.#isBusy = false;
  }

  /** The first in line; those that have ended there go out of it. */
  #first(): QueueEntry | undefined {
    while (this.#line.first?.state === "ended") this.#line.pop();
    return this.#line.first;
  }
}

function standsBefore(one: QueueEntry, other: QueueEntry): boolean {
  return one.place < other.place;
}
