import type { JobHead } from "../../src/pipeline/job-store.js";

/** A job as the reference knows it. */
export interface ReferenceJob {
  readonly sequence: number;
  readonly key: string;
  readonly at: number;
  /** It was accepted for a time. */
  readonly isForLater: boolean;
  state: "waiting" | "scheduled" | "running" | "dead";
  attempts: number;
  /** What a store would have: when it is due, and how often it was tried. */
  keptDueAt: number | undefined;
  keptAttempts: number;
  /** When it is due as the queue sees it. */
  dueAt: number;
  leaseEndsAt: number;
}

export interface ReferencePolicy {
  readonly parallelMax: number;
  readonly leaseMs: number;
  readonly onFailure: "block" | "skip";
}

const byteCount = 10;

/** What a queue of jobs has to do, said as plainly as it goes: with arrays that are searched. */
export class QueueReference {
  readonly policy: ReferencePolicy;
  /** All that have not ended, by sequence. */
  readonly jobs: ReferenceJob[] = [];
  /** Those that are or were due, as they stand in line: first come, first served. */
  readonly line: ReferenceJob[] = [];
  #wall = -Infinity;

  constructor(policy: ReferencePolicy) {
    this.policy = policy;
  }

  /** The reference after a new start, from what a store would have kept. */
  restarted(onFailure: "block" | "skip", wall: number): QueueReference {
    const next = new QueueReference({ ...this.policy, onFailure });
    if (this.jobs.length > 0) next.hear(wall);
    const later: ReferenceJob[] = [];
    for (const { keptAttempts, keptDueAt, state, ...rest } of this.jobs) {
      const isDue = keptDueAt === undefined || keptDueAt <= wall;
      const job: ReferenceJob = {
        ...rest,
        keptAttempts,
        keptDueAt,
        attempts: keptAttempts,
        dueAt: keptDueAt ?? 0,
        leaseEndsAt: Infinity,
        state: state === "dead" ? "dead" : isDue ? "waiting" : "scheduled",
      };
      next.jobs.push(job);
      if (job.attempts > 0 && (job.state !== "dead" || onFailure === "block")) next.line.push(job);
      else if (job.state !== "scheduled") later.push(job);
    }
    next.line.push(...later);
    return next;
  }

  headOf(job: ReferenceJob): JobHead {
    const { at, key, keptAttempts, keptDueAt, sequence, state } = job;
    return {
      sequence,
      key,
      at,
      id: String(sequence),
      queue: "",
      channel: "",
      bytes: byteCount,
      dueAt: keptDueAt,
      attempts: keptAttempts,
      state: state === "dead" ? "dead" : "waiting",
    };
  }

  /** A failed job's delay is over as soon as it would have been if the wall clock had not been set back. */
  hear(wall: number): void {
    if (wall < this.#wall) {
      for (const job of this.jobs) {
        if (job.state === "scheduled" && job.attempts > 0) job.dueAt -= this.#wall - wall;
      }
    }
    this.#wall = wall;
  }

  add(job: ReferenceJob, wall: number): void {
    this.wake(wall);
    this.jobs.push(job);
    if (job.keptDueAt !== undefined && job.keptDueAt > wall) {
      job.state = "scheduled";
      job.dueAt = job.keptDueAt;
    } else {
      this.line.push(job);
    }
  }

  get keys(): string[] {
    return [...new Set(this.jobs.map(({ key }) => key))];
  }

  count(state: ReferenceJob["state"]): number {
    return this.jobs.filter((job) => job.state === state).length;
  }

  /** The job of a key that may begin now. */
  nextOf(key: string): ReferenceJob | undefined {
    const line = this.line.filter((job) => job.key === key);
    if (line.some(({ state }) => state === "running")) return undefined;
    if (this.policy.onFailure === "skip") return line.find(({ state }) => state === "waiting");
    return line[0]?.state === "waiting" ? line[0] : undefined;
  }

  /** Keys that do not go on because of a job that has failed. */
  get blockedKeys(): number {
    if (this.policy.onFailure === "skip") return 0;
    const firsts = this.keys.map((key) => this.line.find((job) => job.key === key));
    const running = new Set(this.jobs.filter(({ state }) => state === "running").map(({ key }) => key));
    return firsts.filter((job) => job && !running.has(job.key) && (job.state === "scheduled" || job.state === "dead"))
      .length;
  }

  /** The job, if it is this attempt's. */
  current(sequence: number, attempt: number): ReferenceJob | undefined {
    return this.jobs.find((job) => job.sequence === sequence && job.state === "running" && job.attempts === attempt);
  }

  begin(job: ReferenceJob, now: number): void {
    job.state = "running";
    job.attempts++;
    job.keptAttempts = job.attempts;
    job.leaseEndsAt = now + this.policy.leaseMs;
  }

  retry(job: ReferenceJob, dueAt: number): void {
    job.state = "scheduled";
    job.dueAt = dueAt;
    job.keptDueAt = dueAt;
  }

  release(job: ReferenceJob): void {
    job.state = "waiting";
    job.attempts--;
    job.keptAttempts = job.attempts;
  }

  revive(job: ReferenceJob): void {
    job.state = "waiting";
    job.attempts = 0;
    job.keptAttempts = 0;
    job.keptDueAt = undefined;
  }

  remove(job: ReferenceJob): void {
    this.jobs.splice(this.jobs.indexOf(job), 1);
    this.line.splice(this.line.indexOf(job), 1);
  }

  wake(wall: number): void {
    this.hear(wall);
    const due = this.jobs.filter(({ dueAt, state }) => state === "scheduled" && dueAt <= wall);
    for (const job of due.toSorted((one, other) => one.dueAt - other.dueAt || one.sequence - other.sequence)) {
      job.state = "waiting";
      if (!this.line.includes(job)) this.line.push(job);
    }
  }

  /** Those whose leases have run out wait again. */
  expire(now: number): ReferenceJob[] {
    const lost = this.jobs.filter(({ leaseEndsAt, state }) => state === "running" && leaseEndsAt <= now);
    for (const job of lost) job.state = "waiting";
    return lost;
  }

  get bytes(): number {
    return this.jobs.length * byteCount;
  }
}
