import { assert } from "../kernel/errors.js";
import { Chain } from "./chain.js";
import { Heap } from "./heap.js";
import type { JobHead } from "./job-store.js";
import { Lane, NO_PLACE, type Lease, type QueueEntry, type QueueState } from "./lane.js";
import { Schedule } from "./schedule.js";

export interface QueuePolicy {
  /** Jobs of this queue that are processed at the same time. */
  readonly parallelMax: number;
  /**
   * What becomes of the later jobs of a key when one has failed. `block`: they wait until it has ended, or its dead letter
   * was redriven to its end or discarded. `skip`: they go on while it waits for its next attempt, and once it is dead.
   */
  readonly onFailure: "block" | "skip";
  /** So many jobs can be in the queue, dead ones included. */
  readonly lengthMax: number;
  /** … with so many bytes. */
  readonly bytesMax: number;
  /** An attempt that is not renewed for so long is lost; Infinity: it never is. */
  readonly leaseMs: number;
}

/** A job that may be processed now. */
export interface Claim {
  readonly head: JobHead;
  /** Which attempt this is, from 1. Names the claim in what the queue is told of it. */
  readonly attempt: number;
}

/** How many jobs are where. Each is in exactly one of the first four. */
export interface QueueCounts {
  /** They could be processed, and wait for others or for a worker. */
  readonly waiting: number;
  /** They wait for their time, or for their next attempt's. */
  readonly scheduled: number;
  readonly running: number;
  readonly dead: number;
  /** Of all of them. */
  readonly bytes: number;
  /** When the oldest one was accepted that is not dead, in milliseconds since 1970 UTC. */
  readonly oldestAt: number | undefined;
  /** Keys that do not go on because a job of theirs has failed. */
  readonly blockedKeys: number;
}

/** Jobs that were tried before the queue was there stand before all others, by sequence. */
const TRIED_FIRST = -(2 ** 53);

/**
 * Decides which job of a queue is processed next. It is a pure data structure: it is told what happens and what time it
 * is, and keeps nothing on disk.
 *
 * The jobs of one key stand in line in the order in which they were added, and are processed one at a time. One that is
 * scheduled for later joins the line's end when it is due. One that comes back (after a failure, a lease that ran out,
 * or untried) has its old place. Keys that have something to do take turns.
 *
 * `add`, `claim`, `wake` and the outcomes take O(log n) for each job concerned, the others O(1).
 */
export class JobQueue {
  readonly #policy: QueuePolicy;
  readonly #entries = new Map<number, QueueEntry>();
  readonly #lanes = new Map<string, Lane>();
  readonly #ready = new Chain<Lane>();
  readonly #schedule = new Schedule();
  /** By when they end: all are equally long, and the clock never goes back. */
  readonly #leases = new Chain<Lease>();
  readonly #ages = new Heap<QueueEntry>(
    (one, other) => one.head.sequence < other.head.sequence,
    (entry, index) => (entry.ageIndex = index),
  );
  readonly #counts: Record<QueueState, number> = { waiting: 0, scheduled: 0, running: 0, dead: 0, ended: 0 };
  #bytes = 0;
  #blockedKeys = 0;
  #lastPlace = NO_PLACE;

  constructor(policy: QueuePolicy) {
    this.#policy = policy;
  }

  /** Whether a job is here. */
  has(sequence: number): boolean {
    return this.#entries.has(sequence);
  }

  /** Whether so many more jobs fit, with so many bytes in all. */
  hasRoomFor(jobs: number, bytes: number): boolean {
    const { bytesMax, lengthMax } = this.#policy;
    return this.#entries.size + jobs <= lengthMax && this.#bytes + bytes <= bytesMax;
  }

  /**
   * Take a job up that was accepted, or that is there at the start; then by sequence. Wakes what is due.
   *
   * It is added whether there is room or not: what was accepted is never thrown away.
   *
   * @param wallMs the wall time, which decides whether the job is due
   * @throws AssertionError where a job with this sequence is in the queue.
   */
  add(head: JobHead, wallMs: number): void {
    assert(!this.#entries.has(head.sequence), `job ${head.sequence} is in the queue already`);
    // Whatever is due by now stands before this one.
    this.wake(wallMs);
    const { attempts, dueAt } = head;
    const entry: QueueEntry = {
      head,
      state: "ended",
      attempts,
      place: NO_PLACE,
      isInLine: false,
      dueAtMs: 0,
      lease: undefined,
      ageIndex: 0,
    };
    this.#entries.set(head.sequence, entry);
    this.#bytes += head.bytes;
    if (head.state === "dead") {
      entry.place = this.#isBlocking() ? TRIED_FIRST + head.sequence : ++this.#lastPlace;
      this.#move(entry, "dead");
      return;
    }
    this.#ages.push(entry);
    if (attempts > 0) entry.place = TRIED_FIRST + head.sequence;
    if (dueAt === undefined || dueAt <= wallMs) this.#move(entry, "waiting");
    else this.#postpone(entry, dueAt);
  }

  /**
   * The next job that may be processed; undefined where there is none now.
   *
   * It is leased until `leaseMs` from `nowMs`, on the monotonic clock, and its attempts are counted up.
   */
  claim(nowMs: number): Claim | undefined {
    if (this.#counts.running >= this.#policy.parallelMax) return undefined;
    const entry = this.#ready.first?.take();
    if (entry === undefined) return undefined;
    entry.attempts++;
    this.#lease(entry, nowMs);
    this.#move(entry, "running");
    return { head: entry.head, attempt: entry.attempts };
  }

  /** Whoever processes the job lives; false where the job is not this attempt's any more. */
  renew(sequence: number, attempt: number, nowMs: number): boolean {
    const entry = this.#running(sequence, attempt);
    if (entry === undefined) return false;
    this.#endLease(entry);
    this.#lease(entry, nowMs);
    return true;
  }

  /** Have the jobs wait again whose leases have run out; their attempts stay counted. */
  expire(nowMs: number): Claim[] {
    const claims: Claim[] = [];
    for (let lease = this.#leases.first; lease !== undefined && lease.endsAtMs <= nowMs; lease = this.#leases.first) {
      const { entry } = lease;
      claims.push({ head: entry.head, attempt: entry.attempts });
      this.#giveBack(entry);
      this.#move(entry, "waiting");
    }
    return claims;
  }

  /** The job has ended; false, and nothing happens, where it is not this attempt's any more. */
  finish(sequence: number, attempt: number): boolean {
    const entry = this.#running(sequence, attempt);
    if (entry === undefined) return false;
    this.#giveBack(entry);
    this.#ages.removeAt(entry.ageIndex);
    this.#forget(entry);
    return true;
  }

  /** The attempt has failed, and there is another one at a wall time; false where the job is not this attempt's any more. */
  retry(sequence: number, attempt: number, dueAtWallMs: number): boolean {
    const entry = this.#running(sequence, attempt);
    if (entry === undefined) return false;
    this.#giveBack(entry);
    this.#postpone(entry, dueAtWallMs);
    return true;
  }

  /** The attempt has failed, and was the last one; false where the job is not this attempt's any more. */
  bury(sequence: number, attempt: number): boolean {
    const entry = this.#running(sequence, attempt);
    if (entry === undefined) return false;
    this.#giveBack(entry);
    this.#ages.removeAt(entry.ageIndex);
    this.#move(entry, "dead");
    return true;
  }

  /**
   * The job is given back untried, and the attempt does not count; false where the job is not this attempt's any more.
   *
   * The number of the attempt comes again: who has given a job back must not tell anything else of it.
   */
  release(sequence: number, attempt: number): boolean {
    const entry = this.#running(sequence, attempt);
    if (entry === undefined) return false;
    this.#giveBack(entry);
    entry.attempts--;
    this.#move(entry, "waiting");
    return true;
  }

  /** A dead letter is redriven: it waits again, at its old place, as if it had never been tried; false where it is not dead. */
  revive(sequence: number): boolean {
    const entry = this.#entries.get(sequence);
    if (entry?.state !== "dead") return false;
    entry.attempts = 0;
    this.#ages.push(entry);
    this.#move(entry, "waiting");
    return true;
  }

  /** A dead letter is thrown away; false where it is not dead. */
  discard(sequence: number): boolean {
    const entry = this.#entries.get(sequence);
    if (entry?.state !== "dead") return false;
    this.#forget(entry);
    return true;
  }

  /** Have those wait for a worker that are due by the wall clock. */
  wake(wallMs: number): void {
    this.#schedule.hear(wallMs);
    for (let entry = this.#schedule.take(); entry !== undefined; entry = this.#schedule.take()) {
      this.#move(entry, "waiting");
    }
  }

  /** The earliest wall time at which `wake` has something to do; undefined where nothing is scheduled. */
  get dueAtMs(): number | undefined {
    return this.#schedule.dueAtMs;
  }

  /** The earliest time, on the monotonic clock, at which a lease runs out. */
  get leaseEndsAtMs(): number | undefined {
    return this.#leases.first?.endsAtMs;
  }

  get counts(): QueueCounts {
    const { dead, running, scheduled, waiting } = this.#counts;
    const oldestAt = this.#ages.first?.head.at;
    return { waiting, scheduled, running, dead, bytes: this.#bytes, oldestAt, blockedKeys: this.#blockedKeys };
  }

  #isBlocking(): boolean {
    return this.#policy.onFailure === "block";
  }

  #running(sequence: number, attempt: number): QueueEntry | undefined {
    const entry = this.#entries.get(sequence);
    return entry?.state === "running" && entry.attempts === attempt ? entry : undefined;
  }

  #lease(entry: QueueEntry, nowMs: number): void {
    const { leaseMs } = this.#policy;
    if (leaseMs !== Infinity) entry.lease = this.#leases.append({ entry, endsAtMs: nowMs + leaseMs });
  }

  #endLease(entry: QueueEntry): void {
    if (entry.lease !== undefined) this.#leases.remove(entry.lease);
    entry.lease = undefined;
  }

  /** Nobody processes the job any more. */
  #giveBack(entry: QueueEntry): void {
    this.#endLease(entry);
    this.#laneOf(entry).leave();
  }

  #postpone(entry: QueueEntry, dueAtWallMs: number): void {
    this.#schedule.add(entry, dueAtWallMs);
    this.#move(entry, "scheduled");
  }

  #forget(entry: QueueEntry): void {
    this.#entries.delete(entry.head.sequence);
    this.#bytes -= entry.head.bytes;
    this.#move(entry, "ended");
  }

  /** Have a job be in another state, and its lane go on as far as that lets it. */
  #move(entry: QueueEntry, state: QueueState): void {
    this.#counts[entry.state]--;
    this.#counts[state]++;
    entry.state = state;
    const lane = this.#laneOf(entry);
    if (this.#standsInLine(entry)) {
      if (entry.place === NO_PLACE) entry.place = ++this.#lastPlace;
      lane.join(entry);
    }
    this.#review(lane);
  }

  #standsInLine({ attempts, state }: QueueEntry): boolean {
    switch (state) {
      case "waiting":
        return true;
      case "scheduled":
        return this.#isBlocking() && attempts > 0;
      case "dead":
        return this.#isBlocking();
      case "running":
      case "ended":
        return false;
    }
  }

  #laneOf({ head: { key } }: QueueEntry): Lane {
    let lane = this.#lanes.get(key);
    if (lane === undefined) {
      lane = new Lane(key);
      this.#lanes.set(key, lane);
    }
    return lane;
  }

  /** Note how it stands with a lane; one that is ready has its turn behind those that are. */
  #review(lane: Lane): void {
    const condition = lane.assess();
    if (lane.condition === "blocked") this.#blockedKeys--;
    if (lane.turn !== undefined && condition !== "ready") {
      this.#ready.remove(lane.turn);
      lane.turn = undefined;
    }
    lane.condition = condition;
    switch (condition) {
      case "ready":
        lane.turn ??= this.#ready.append(lane);
        break;
      case "blocked":
        this.#blockedKeys++;
        break;
      case "busy":
        break;
      case "empty":
        this.#lanes.delete(lane.key);
        break;
    }
  }
}
