import type { Clock } from "../../kernel/clock.js";
import { BusbarError } from "../../kernel/errors.js";
import {
  failuresKeptMax,
  headOf,
  type DeadRange,
  type Failure,
  type Job,
  type JobAccepted,
  type JobChange,
  type JobDraft,
  type JobFound,
  type JobHead,
  type JobStore,
  type Rider,
} from "../../pipeline/job-store.js";

/** About what a job takes up beside its texts. */
const JOB_BYTES = 300;

export interface MemoryJobsLimits {
  /** An ended message's id is remembered for this long. */
  readonly windowMs: number;
  /** … and so many of them. */
  readonly windowMessagesMax: number;
  /** Jobs take up about so many bytes; more are refused with `store/full`. */
  readonly jobBytesMax: number;
}

type Ended = Extract<JobFound, { kind: "ended" }> & { readonly id: string; readonly endedAt: number };

/** Keeps queued messages in this process's memory. */
export class MemoryJobs implements JobStore {
  readonly #clock: Clock;
  readonly #limits: MemoryJobsLimits;
  /** By sequence, and so in their order. */
  readonly #jobs = new Map<number, Job>();
  readonly #sequences = new Map<string, number>();
  /** In the order of their ends. */
  readonly #ended = new Map<string, Ended>();
  #lastSequence = 0;
  #bytes = 0;
  /** When the newest message ended whose id is not remembered any more. */
  #forgottenAt = Number.NEGATIVE_INFINITY;

  constructor(clock: Clock, limits: MemoryJobsLimits) {
    this.#clock = clock;
    this.#limits = limits;
  }

  async heads(after: number, max: number): Promise<readonly JobHead[]> {
    return this.#behind(after, max, () => true).map(headOf);
  }

  /** Rejects with `store/full`. */
  async accept(drafts: readonly JobDraft[]): Promise<readonly JobAccepted[]> {
    const bytes = drafts.reduce((sum, draft) => sum + bytesOf(draft), 0);
    if (this.#bytes + bytes > this.#limits.jobBytesMax) {
      throw new BusbarError("store/full", "as many messages wait as the memory may hold", { retryable: true });
    }
    this.#forget();
    return drafts.map((draft) => this.#accept(draft));
  }

  async read(sequences: readonly number[]): Promise<readonly (Job | undefined)[]> {
    return sequences.map((sequence) => this.#jobs.get(sequence));
  }

  async change(changes: readonly JobChange[]): Promise<void> {
    this.#change(changes);
  }

  rider(changes: readonly JobChange[]): Rider {
    return { durability: "memory", write: () => this.#change(changes) };
  }

  async find(id: string): Promise<JobFound | undefined> {
    const job = this.#jobs.get(this.#sequences.get(id) ?? 0);
    return job === undefined ? this.#ended.get(id) : { kind: "job", job };
  }

  async dead({ after, max, queue }: DeadRange): Promise<readonly Job[]> {
    return this.#behind(after, max, (job) => job.state === "dead" && (queue === undefined || job.queue === queue));
  }

  #accept({ firstSentAt, ...draft }: JobDraft): JobAccepted {
    if (this.#sequences.has(draft.id) || this.#ended.has(draft.id)) return { kind: "repeat" };
    if (firstSentAt !== undefined && firstSentAt <= this.#forgottenAt) return { kind: "unknown" };
    const bytes = bytesOf(draft);
    const job: Job = { ...draft, sequence: ++this.#lastSequence, bytes, attempts: 0, state: "waiting", failures: [] };
    this.#jobs.set(job.sequence, job);
    this.#sequences.set(job.id, job.sequence);
    this.#bytes += bytes;
    return { kind: "accepted", head: headOf(job) };
  }

  #change(changes: readonly JobChange[]): void {
    for (const change of changes) {
      const job = this.#jobs.get(change.sequence);
      if (job !== undefined) this.#changeOne(job, change);
    }
  }

  #changeOne(job: Job, change: JobChange): void {
    switch (change.kind) {
      case "begun":
        return this.#put({ ...job, attempts: change.attempts });
      case "failed":
        return this.#put({ ...job, dueAt: change.dueAt, failures: withFailure(job.failures, change.failure) });
      case "dead":
        return this.#put({ ...job, state: "dead", failures: withFailure(job.failures, change.failure) });
      case "redriven":
        return this.#put({
          ...job,
          state: "waiting",
          attempts: 0,
          dueAt: undefined,
          payload: change.payload ?? job.payload,
        });
      case "ended":
        return this.#end(job, change.end);
    }
  }

  #put(job: Job): void {
    this.#jobs.set(job.sequence, job);
  }

  #end({ bytes, channel, id, origin, principal, sequence }: Job, end: Ended["end"]): void {
    this.#jobs.delete(sequence);
    this.#sequences.delete(id);
    this.#bytes -= bytes;
    this.#ended.set(id, { kind: "ended", id, end, channel, origin, principal, endedAt: this.#clock.wallTimeMs() });
    this.#forget();
  }

  /** Forget the ids that are out of the window. */
  #forget(): void {
    const before = this.#clock.wallTimeMs() - this.#limits.windowMs;
    for (const [id, { endedAt }] of this.#ended) {
      if (endedAt >= before && this.#ended.size <= this.#limits.windowMessagesMax) return;
      this.#ended.delete(id);
      this.#forgottenAt = Math.max(this.#forgottenAt, endedAt);
    }
  }

  #behind(after: number, max: number, isWanted: (job: Job) => boolean): Job[] {
    const jobs: Job[] = [];
    for (const job of this.#jobs.values()) {
      if (job.sequence <= after || !isWanted(job)) continue;
      jobs.push(job);
      if (jobs.length === max) break;
    }
    return jobs;
  }
}

function bytesOf({ channel, id, key, payload, principal }: Omit<JobDraft, "firstSentAt">): number {
  return JOB_BYTES + channel.length + id.length + key.length + payload.length + principal.length;
}

/** The first failure and the newest ones. */
function withFailure(failures: readonly Failure[], failure: Failure): Failure[] {
  const all = [...failures, failure];
  if (all.length > failuresKeptMax) all.splice(1, 1);
  return all;
}
