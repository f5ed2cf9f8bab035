import type { Clock } from "../../kernel/clock.js";
import { BusbarError } from "../../kernel/errors.js";
import type { Logger } from "../../kernel/logger.js";
import { whenSettled } from "../../kernel/when-settled.js";
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
  type JobFound,
  type JobHead,
  type JobStore,
  type Rider,
} from "../../pipeline/job-store.js";
import type { Door } from "./door.js";
import { EndedIds, type EndedJob } from "./ended-ids.js";
import type { Environment, Table, Write } from "./environment.js";
import {
  acceptedJob,
  readAccepted,
  readCounters,
  readKnown,
  readProgress,
  readQueue,
  type AcceptedJob,
  type Counters,
  type Known,
  type Progress,
} from "./job-records.js";
import type { OriginLimits } from "./origin-limits.js";
import { behindQueueKey, jsonRecord, queueKey, queueSequenceOf, sequenceKey, sequenceOf } from "./records.js";

/** Behind all sequences that there will be. */
const COUNTERS_KEY = Buffer.from("counters");

export interface LmdbJobsOptions {
  readonly environment: Environment;
  readonly door: Door;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly limits: OriginLimits;
}

/** What a commit that is under way makes of a job; what is missing is as it was. */
interface Pending {
  readonly isEnded: boolean;
  readonly accepted: AcceptedJob | undefined;
  readonly progress: Progress | undefined;
}

/** A job that a change is about. */
interface Target {
  readonly key: Buffer;
  readonly pending: Pending | undefined;
}

/** What a call is about to write. */
interface Draft {
  readonly writes: Write[];
  readonly ended: EndedJob[];
  readonly pending: Map<number, Pending>;
}

/**
 * Keeps queued messages in the embedded store.
 *
 * A job is one record that never changes, but for a dead letter's new message, and one of what has become of it since;
 * its id leads to it, and to its end for as long as the idempotence window.
 */
export class LmdbJobs implements JobStore {
  readonly #options: LmdbJobsOptions;
  readonly #ends: EndedIds;
  #lastSequence: number;
  /** The last call that looked ids up before it wrote. It never rejects. */
  #lastAccept: Promise<void> = Promise.resolve();
  /** What is not committed yet, so that changes build on those before without waiting for them. */
  readonly #pending = new Map<number, Pending>();

  /** @throws BusbarError `store/corrupt` where the record of the counters is damaged. */
  constructor(options: LmdbJobsOptions) {
    const { clock, environment, limits } = options;
    this.#options = options;
    const counters = countersOf(environment.jobs);
    this.#lastSequence = counters.lastSequence;
    const forgottenAt = counters.forgottenAt ?? Number.NEGATIVE_INFINITY;
    const report = (what: string, which: number): void => this.#report(what, which);
    this.#ends = new EndedIds({ environment, clock, limits, forgottenAt, report });
  }

  async heads(after: number, max: number): Promise<readonly JobHead[]> {
    this.#options.door.assertOpen();
    const heads: JobHead[] = [];
    const range = { start: sequenceKey(after + 1), end: COUNTERS_KEY };
    for (const { key, value } of this.#options.environment.jobs.getRange(range)) {
      if (heads.length >= max) break;
      const job = this.#jobOf(sequenceOf(key), key, value);
      if (job !== undefined) heads.push(headOf(job));
    }
    return heads;
  }

  /** Resolves when an fsync has covered them. Rejects with `store/full` or `store/failed`. */
  async accept(drafts: readonly JobDraft[]): Promise<readonly JobAccepted[]> {
    this.#options.door.assertOpen();
    const accepted = this.#lastAccept.then(() => this.#accept(drafts));
    this.#lastAccept = whenSettled(accepted);
    return this.#options.door.doing(accepted);
  }

  async read(sequences: readonly number[]): Promise<readonly (Job | undefined)[]> {
    this.#options.door.assertOpen();
    return sequences.map((sequence) => this.#job(sequence));
  }

  /**
   * An end, that a job is dead, and that it waits again, are on disk when this resolves; all else survives the process's
   * end, not the machine's: then an attempt is made once more than it was counted. Rejects with `store/full` or
   * `store/failed`.
   */
  async change(changes: readonly JobChange[]): Promise<void> {
    const { door, environment } = this.#options;
    door.assertOpen();
    const isFlushed = changes.some(({ kind }) => kind === "ended" || kind === "dead" || kind === "redriven");
    return door.doing(environment.commit(isFlushed, [], () => this.#write(changes)));
  }

  rider(changes: readonly JobChange[]): Rider {
    return { durability: "disk", write: () => this.#write(changes) };
  }

  async find(id: string): Promise<JobFound | undefined> {
    this.#options.door.assertOpen();
    const known = this.#known(id);
    if (known === undefined || "kind" in known) return known;
    const job = this.#job(known.sequence);
    return job && { kind: "job", job };
  }

  async dead({ after, max, queue }: DeadRange): Promise<readonly Job[]> {
    this.#options.door.assertOpen();
    const jobs: Job[] = [];
    for (const sequence of this.#graves(queue, after)) {
      if (jobs.length >= max) break;
      const job = this.#job(sequence);
      if (job !== undefined) jobs.push(job);
    }
    return jobs;
  }

  async #accept(drafts: readonly JobDraft[]): Promise<readonly JobAccepted[]> {
    const { environment } = this.#options;
    const writes: Write[] = [];
    const inBatch = new Set<string>();
    let sequence = this.#lastSequence;
    const answers = drafts.map((draft): JobAccepted => {
      if (inBatch.has(draft.id) || this.#known(draft.id) !== undefined) return { kind: "repeat" };
      if (mayBeForgotten(draft, this.#ends.forgottenAt)) return { kind: "unknown" };
      inBatch.add(draft.id);
      sequence++;
      const bytes = bytesOf(draft);
      const key = sequenceKey(sequence);
      const idKey = Buffer.from(draft.id);
      const known: Known = { sequence };
      writes.push([environment.jobs, key, jsonRecord(key, acceptedJob(draft, bytes))]);
      writes.push([environment.jobIds, idKey, jsonRecord(idKey, known)]);
      return { kind: "accepted", head: headOf(freshJob(draft, { sequence, bytes })) };
    });
    if (writes.length === 0) return answers;
    // Never given again, whatever becomes of this write.
    this.#lastSequence = sequence;
    await environment.commit(true, [...writes, this.#countersWrite()]);
    return answers;
  }

  /** Inside of a commit. */
  #write(changes: readonly JobChange[]): void {
    const draft: Draft = { writes: [], ended: [], pending: new Map() };
    for (const change of changes) this.#writeOne(change, draft);
    const ends = draft.ended.length === 0 ? undefined : this.#ends.change(draft.ended);
    if (ends !== undefined) draft.writes.push(...ends.writes, this.#countersWrite());
    for (const [sequence, pending] of draft.pending) this.#pending.set(sequence, pending);
    this.#options.environment.add(draft.writes, (isCommitted) => {
      if (!isCommitted) ends?.undo();
      for (const [sequence, pending] of draft.pending) {
        if (this.#pending.get(sequence) === pending) this.#pending.delete(sequence);
      }
    });
  }

  #writeOne(change: JobChange, draft: Draft): void {
    const { sequence } = change;
    const key = sequenceKey(sequence);
    const pending = draft.pending.get(sequence) ?? this.#pending.get(sequence);
    if (pending === undefined ? !this.#options.environment.jobs.doesExist(key) : pending.isEnded) return;
    const target: Target = { key, pending };
    if (change.kind === "ended") {
      this.#end(change, target, draft);
      draft.pending.set(sequence, { isEnded: true, accepted: undefined, progress: undefined });
      return;
    }
    const accepted = change.kind === "redriven" ? this.#redrive(change, target, draft) : pending?.accepted;
    if (change.kind === "dead") this.#bury(target, draft);
    const progress = changed(pending?.progress ?? this.#progress(sequence), change);
    draft.writes.push([this.#options.environment.progress, key, jsonRecord(key, progress)]);
    draft.pending.set(sequence, { isEnded: false, accepted, progress });
  }

  #end({ end, of }: Extract<JobChange, { kind: "ended" }>, target: Target, draft: Draft): void {
    const { dead, jobs, progress } = this.#options.environment;
    const { channel, id, origin, principal } = of;
    const { key, pending } = target;
    if (pending?.progress?.state === "dead" || dead.doesExist(key)) this.#unbury(target, draft);
    draft.writes.push([jobs, key], [progress, key]);
    draft.ended.push({ id, ended: { kind: "ended", end, channel, origin, principal } });
  }

  #redrive(
    { payload }: Extract<JobChange, { kind: "redriven" }>,
    target: Target,
    draft: Draft,
  ): AcceptedJob | undefined {
    const { key } = target;
    const before = this.#acceptedOf(target);
    this.#unbury(target, draft);
    if (payload === undefined || before === undefined) return before;
    const accepted: AcceptedJob = { ...before, payload, bytes: bytesOf({ ...before, payload }) };
    draft.writes.push([this.#options.environment.jobs, key, jsonRecord(key, accepted)]);
    return accepted;
  }

  #bury(target: Target, { writes }: Draft): void {
    const { dead, deadOf } = this.#options.environment;
    const { key } = target;
    const queue = this.#acceptedOf(target)?.queue ?? "";
    const ownKey = queueKey(queue, key);
    writes.push([dead, key, jsonRecord(key, queue)], [deadOf, ownKey, jsonRecord(ownKey, queue)]);
  }

  #unbury(target: Target, { writes }: Draft): void {
    const { dead, deadOf } = this.#options.environment;
    const { key } = target;
    const grave = dead.getBinary(key);
    const queue = this.#acceptedOf(target)?.queue ?? (grave && readQueue(key, grave)) ?? "";
    writes.push([dead, key], [deadOf, queueKey(queue, key)]);
  }

  /** The sequences of the dead letters of a queue, or of all, behind one. */
  *#graves(queue: string | undefined, after: number): Generator<number> {
    const { dead, deadOf } = this.#options.environment;
    const first = sequenceKey(after + 1);
    const records =
      queue === undefined
        ? dead.getRange({ start: first })
        : deadOf.getRange({ start: queueKey(queue, first), end: behindQueueKey(queue) });
    for (const { key, value } of records) {
      const sequence = queue === undefined ? sequenceOf(key) : queueSequenceOf(key);
      if (readQueue(key, value) === undefined) this.#report("a dead letter", sequence);
      else yield sequence;
    }
  }

  #countersWrite(): Write {
    // JSON has no -Infinity: null stands for it.
    const counters: Counters = { lastSequence: this.#lastSequence, forgottenAt: this.#ends.forgottenAt };
    return [this.#options.environment.jobs, COUNTERS_KEY, jsonRecord(COUNTERS_KEY, counters)];
  }

  #job(sequence: number): Job | undefined {
    const key = sequenceKey(sequence);
    const record = this.#options.environment.jobs.getBinary(key);
    return record && this.#jobOf(sequence, key, record);
  }

  #jobOf(sequence: number, key: Buffer, record: Buffer): Job | undefined {
    const accepted = readAccepted(key, record);
    if (accepted === undefined) {
      this.#report("a queued message", sequence);
      return undefined;
    }
    const { dueAt, ...progress } = this.#progress(sequence);
    return { ...accepted, ...progress, dueAt: dueAt === undefined ? accepted.dueAt : (dueAt ?? undefined), sequence };
  }

  #acceptedOf({ key, pending }: Target): AcceptedJob | undefined {
    if (pending?.accepted !== undefined) return pending.accepted;
    const record = this.#options.environment.jobs.getBinary(key);
    return record && readAccepted(key, record);
  }

  #progress(sequence: number): Progress {
    const { dead, progress } = this.#options.environment;
    const key = sequenceKey(sequence);
    const record = progress.getBinary(key);
    const known = record && readProgress(key, record);
    if (known !== undefined) return known;
    if (record !== undefined) this.#report("a queued message's progress", sequence);
    // Where it is damaged, a dead letter does not come to life again.
    return { attempts: 0, failures: [], state: record !== undefined && dead.doesExist(key) ? "dead" : "waiting" };
  }

  #known(id: string): Known | undefined {
    const key = Buffer.from(id);
    const record = this.#options.environment.jobIds.getBinary(key);
    const known = record && readKnown(key, record);
    if (record !== undefined && known === undefined) this.#report("a queued message's id", id);
    return known;
  }

  #report(what: string, which: string | number): void {
    this.#options.logger.error("store/corrupt", { what, which });
  }
}

/** What a change makes of a job's progress. */
function changed(before: Progress, change: Exclude<JobChange, { kind: "ended" }>): Progress {
  switch (change.kind) {
    case "begun":
      return { ...before, attempts: change.attempts };
    case "failed":
      return { ...before, ...withFailure(before, change.failure), dueAt: change.dueAt };
    case "dead":
      return { ...before, ...withFailure(before, change.failure), state: "dead" };
    case "redriven":
      return { ...before, state: "waiting", attempts: 0, dueAt: null };
  }
}

/** @throws BusbarError `store/corrupt` */
function countersOf(table: Table): Counters {
  const record = table.getBinary(COUNTERS_KEY);
  if (record === undefined) return { lastSequence: 0, forgottenAt: null };
  const counters = readCounters(COUNTERS_KEY, record);
  if (counters !== undefined) return counters;
  throw new BusbarError("store/corrupt", "the record of the queues' counters is damaged: restore a backup");
}
