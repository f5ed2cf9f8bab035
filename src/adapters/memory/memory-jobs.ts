import type { Clock } from "../../kernel/clock.js";
import { assert, BusbarError } from "../../kernel/errors.js";
import {
  bytesOf,
  freshJob,
  headOf,
  mayBeForgotten,
  withFailure,
  type DeadRange,
  type Job,
  type JobAccepted,
  type JobChange,
  type JobDraft,
  type JobEnd,
  type JobFound,
  type JobHead,
  type JobStore,
  type Rider,
} from "../../pipeline/job-store.js";
import { EndedJobs } from "./ended-jobs.js";
import type { OriginWindowLimits } from "./origin-window.js";
import { Places } from "./places.js";

/** So many ended jobs are forgotten with one call beside those that it is about, so that no call takes long. */
const FORGOTTEN_PER_CALL = 64;

/** For how long, and of how many, the ends of jobs are remembered. */
export interface MemoryJobsLimits extends OriginWindowLimits {
  /** Jobs, and what is remembered of those that ended, take about so many bytes; more is refused with `store/full`. */
  readonly jobBytesMax: number;
}

/** Keeps queued messages in this process's memory. */
export class MemoryJobs implements JobStore {
  readonly #clock: Clock;
  readonly #limits: MemoryJobsLimits;
  readonly #jobs = new Map<number, Job>();
  readonly #sequences = new Map<string, number>();
  /** The sequences of all jobs; of all that are dead; and of each queue's. */
  readonly #places = new Places();
  readonly #dead = new Places();
  readonly #deadOf = new Map<string, Places>();
  readonly #ended: EndedJobs;
  #lastSequence = 0;
  #jobBytes = 0;
  #isClosed = false;

  constructor(clock: Clock, limits: MemoryJobsLimits) {
    this.#clock = clock;
    this.#limits = limits;
    this.#ended = new EndedJobs(limits);
  }

  /** About how many bytes the jobs take, and what is remembered of those that ended. */
  get bytes(): number {
    return this.#jobBytes + this.#ended.bytes;
  }

  async heads(after: number, max: number): Promise<readonly JobHead[]> {
    return this.#page(this.#places, after, max).map(headOf);
  }

  /** Rejects with `store/full`. */
  async accept(drafts: readonly JobDraft[]): Promise<readonly JobAccepted[]> {
    this.#assertOpen();
    this.#ended.expire(this.#clock.wallTimeMs(), drafts.length + FORGOTTEN_PER_CALL);
    this.#makeRoom(drafts.reduce((sum, draft) => sum + bytesOf(draft), 0));
    return drafts.map((draft) => this.#accept(draft));
  }

  async read(sequences: readonly number[]): Promise<readonly (Job | undefined)[]> {
    return sequences.map((sequence) => this.#jobs.get(sequence));
  }

  async change(changes: readonly JobChange[]): Promise<void> {
    this.#assertOpen();
    this.#change(changes);
  }

  rider(changes: readonly JobChange[]): Rider {
    return { durability: "memory", write: () => this.#change(changes) };
  }

  async find(id: string): Promise<JobFound | undefined> {
    const job = this.#jobs.get(this.#sequences.get(id) ?? 0);
    return job === undefined ? this.#ended.find(id) : { kind: "job", job };
  }

  async dead({ after, max, queue }: DeadRange): Promise<readonly Job[]> {
    return this.#page(queue === undefined ? this.#dead : this.#deadOf.get(queue), after, max);
  }

  /** Take nothing more. */
  close(): void {
    this.#isClosed = true;
  }

  #assertOpen(): void {
    assert(!this.#isClosed, "the store is not closed yet");
  }

  /** @throws BusbarError `store/full` */
  #makeRoom(bytes: number): void {
    const { jobBytesMax } = this.#limits;
    if (this.#jobBytes + bytes > jobBytesMax) {
      throw new BusbarError("store/full", "as many messages wait as the memory may hold", { retryable: true });
    }
    while (this.bytes + bytes > jobBytesMax) if (!this.#ended.forgetOldest()) break;
  }

  #accept(draft: JobDraft): JobAccepted {
    if (this.#sequences.has(draft.id) || this.#ended.find(draft.id) !== undefined) return { kind: "repeat" };
    if (mayBeForgotten(draft, this.#ended.forgottenAt)) return { kind: "unknown" };
    const sequence = ++this.#lastSequence;
    const job = freshJob(draft, { sequence, bytes: bytesOf(draft) });
    this.#sequences.set(job.id, sequence);
    this.#places.add(sequence);
    this.#put(job);
    return { kind: "accepted", head: headOf(job) };
  }

  #change(changes: readonly JobChange[]): void {
    for (const change of changes) {
      const job = this.#jobs.get(change.sequence);
      if (job !== undefined) this.#changeOne(job, change);
    }
    this.#ended.expire(this.#clock.wallTimeMs(), changes.length + FORGOTTEN_PER_CALL);
  }

  #changeOne(job: Job, change: JobChange): void {
    switch (change.kind) {
      case "begun":
        return this.#put({ ...job, attempts: change.attempts });
      case "failed":
        return this.#put({ ...job, ...withFailure(job, change.failure), dueAt: change.dueAt });
      case "dead":
        this.#bury(job);
        return this.#put({ ...job, ...withFailure(job, change.failure), state: "dead" });
      case "redriven": {
        const payload = change.payload ?? job.payload;
        this.#unbury(job);
        const bytes = bytesOf({ ...job, payload });
        return this.#put({ ...job, payload, bytes, state: "waiting", attempts: 0, dueAt: undefined });
      }
      case "ended":
        return this.#end(job, change.end);
    }
  }

  #put(job: Job): void {
    this.#jobBytes += job.bytes - (this.#jobs.get(job.sequence)?.bytes ?? 0);
    this.#jobs.set(job.sequence, job);
  }

  #end(job: Job, end: JobEnd): void {
    const { bytes, channel, id, origin, principal, sequence } = job;
    this.#jobs.delete(sequence);
    this.#sequences.delete(id);
    this.#places.remove(sequence);
    this.#unbury(job);
    this.#jobBytes -= bytes;
    this.#ended.add(id, { kind: "ended", end, channel, origin, principal }, this.#clock.wallTimeMs());
  }

  #bury({ queue, sequence }: Job): void {
    this.#dead.add(sequence);
    const own = this.#deadOf.get(queue) ?? new Places();
    own.add(sequence);
    this.#deadOf.set(queue, own);
  }

  #unbury({ queue, sequence, state }: Job): void {
    if (state !== "dead") return;
    this.#dead.remove(sequence);
    this.#deadOf.get(queue)?.remove(sequence);
  }

  #page(places: Places | undefined, after: number, max: number): Job[] {
    const jobs: Job[] = [];
    for (const sequence of places?.behind(after) ?? []) {
      const job = jobs.length < max ? this.#jobs.get(sequence) : undefined;
      if (job === undefined) break;
      jobs.push(job);
    }
    return jobs;
  }
}
