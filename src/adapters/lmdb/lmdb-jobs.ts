import type { Clock } from "../../kernel/clock.js";
import { BusbarError } from "../../kernel/errors.js";
import type { Logger } from "../../kernel/logger.js";
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
import type { Environment, Table, Write } from "./environment.js";
import type { OriginLimits } from "./origin-limits.js";
import { isIntact, jsonRecord, readJson, sequenceKey, sequenceOf } from "./records.js";

/** About what a job takes up beside its texts. */
const JOB_BYTES = 300;

/** So many ids of ended jobs are forgotten with one call beside those that ended, so that no call takes long. */
const FORGOTTEN_PER_CALL = 64;

/** Behind all sequences that there will be. */
const COUNTERS_KEY = Buffer.from("counters");

/** What is kept of all jobs together. */
interface Counters {
  readonly lastSequence: number;
  /** When the newest job ended whose id is not remembered any more; null where none was. */
  readonly forgottenAt: number | null;
}

/** A job as it was accepted. */
type Accepted = Omit<JobDraft, "firstSentAt"> & { readonly bytes: number };

/** What has become of a job since; none is kept before its first attempt. */
type Progress = Pick<Job, "attempts" | "failures" | "state"> & {
  /** null: at once; missing: as it was accepted. */
  readonly dueAt?: number | null;
};

/** What is remembered of an id: the job's sequence, or how it ended. */
type Known = { readonly sequence: number } | Extract<JobFound, { kind: "ended" }>;

export interface LmdbJobsOptions {
  readonly environment: Environment;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly limits: OriginLimits;
  /** A write is under way: the store is closed behind it. */
  readonly doing: <Value>(work: Promise<Value>) => Promise<Value>;
}

/**
 * Keeps queued messages in the embedded store.
 *
 * A job is one record that never changes, and one of what has become of it since; its id leads to it, and to its end for
 * as long as the idempotence window.
 */
export class LmdbJobs implements JobStore {
  readonly #options: LmdbJobsOptions;
  #lastSequence: number;
  #forgottenAt: number;
  /** The number of the end that comes next: the ends stand in their order. */
  #nextEnd: number;
  /** How many ends are remembered. */
  #endCount: number;
  /** The last call that looked ids up before it wrote. It never rejects. */
  #lastAccept: Promise<unknown> = Promise.resolve();

  /** @throws BusbarError `store/corrupt` where the record of the counters is damaged. */
  constructor(options: LmdbJobsOptions) {
    const { environment } = options;
    this.#options = options;
    const counters = readCounters(environment.jobs);
    this.#lastSequence = counters.lastSequence;
    this.#forgottenAt = counters.forgottenAt ?? Number.NEGATIVE_INFINITY;
    const [newest] = environment.ends.getRange({ reverse: true, limit: 1 });
    this.#nextEnd = newest === undefined ? 1 : sequenceOf(newest.key) + 1;
    this.#endCount = environment.ends.getKeysCount();
  }

  async heads(after: number, max: number): Promise<readonly JobHead[]> {
    return [...this.#jobsBehind(after, max)].map(headOf);
  }

  /** Rejects with `store/full` or `store/failed`. */
  accept(drafts: readonly JobDraft[]): Promise<readonly JobAccepted[]> {
    const accepted = this.#lastAccept.then(() => this.#accept(drafts));
    this.#lastAccept = accepted.catch(() => {});
    return this.#options.doing(accepted);
  }

  async read(sequences: readonly number[]): Promise<readonly (Job | undefined)[]> {
    return sequences.map((sequence) => this.#job(sequence));
  }

  /** An end, or that a job is dead, is on disk when this resolves. Rejects with `store/full` or `store/failed`. */
  change(changes: readonly JobChange[]): Promise<void> {
    const isFlushed = changes.some(({ kind }) => kind === "ended" || kind === "dead" || kind === "redriven");
    return this.#options.doing(this.#options.environment.commit(isFlushed, [], () => this.#write(changes)));
  }

  rider(changes: readonly JobChange[]): Rider {
    return { durability: "disk", write: () => this.#write(changes) };
  }

  async find(id: string): Promise<JobFound | undefined> {
    const known = this.#known(id);
    if (known === undefined || "kind" in known) return known;
    const job = this.#job(known.sequence);
    return job && { kind: "job", job };
  }

  async dead({ after, max, queue }: DeadRange): Promise<readonly Job[]> {
    const jobs: Job[] = [];
    const range = { start: sequenceKey(after + 1) };
    for (const { key, value } of this.#options.environment.dead.getRange(range)) {
      if (queue !== undefined && value.toString() !== queue) continue;
      const job = this.#job(sequenceOf(key));
      if (job !== undefined) jobs.push(job);
      if (jobs.length === max) break;
    }
    return jobs;
  }

  async #accept(drafts: readonly JobDraft[]): Promise<readonly JobAccepted[]> {
    const { environment } = this.#options;
    const writes: Write[] = [];
    const inBatch = new Set<string>();
    let sequence = this.#lastSequence;
    const answers = drafts.map(({ firstSentAt, ...draft }): JobAccepted => {
      if (inBatch.has(draft.id) || this.#known(draft.id) !== undefined) return { kind: "repeat" };
      if (firstSentAt !== undefined && firstSentAt <= this.#forgottenAt) return { kind: "unknown" };
      inBatch.add(draft.id);
      sequence++;
      const accepted: Accepted = { ...draft, bytes: bytesOf(draft) };
      const key = sequenceKey(sequence);
      const idKey = Buffer.from(draft.id);
      writes.push([environment.jobs, key, jsonRecord(key, accepted)]);
      writes.push([environment.jobIds, idKey, jsonRecord(idKey, { sequence })]);
      return { kind: "accepted", head: headOf({ ...accepted, ...fresh(sequence, accepted.dueAt) }) };
    });
    if (writes.length === 0) return answers;
    // Never given again, whatever becomes of this write.
    this.#lastSequence = sequence;
    await environment.commit(true, [...writes, this.#countersWrite()]);
    return answers;
  }

  /** Inside a transaction. */
  #write(changes: readonly JobChange[]): void {
    const writes: Write[] = [];
    const progress = new Map<number, Progress>();
    for (const change of changes) this.#writesOf(change, writes, progress);
    if (changes.some(({ kind }) => kind === "ended")) this.#forget(writes, changes.length + FORGOTTEN_PER_CALL);
    this.#options.environment.write(writes);
  }

  #writesOf(change: JobChange, writes: Write[], changed: Map<number, Progress>): void {
    const { environment } = this.#options;
    const { sequence } = change;
    const key = sequenceKey(sequence);
    const record = environment.jobs.getBinary(key);
    if (record === undefined) return;
    const before = (): Progress => changed.get(sequence) ?? this.#progress(sequence);
    const put = (next: Progress): void => {
      changed.set(sequence, next);
      writes.push([environment.progress, key, jsonRecord(key, next)]);
    };
    switch (change.kind) {
      case "begun":
        return put({ ...before(), attempts: change.attempts });
      case "failed": {
        const { failures, ...others } = before();
        return put({ ...others, dueAt: change.dueAt, failures: withFailure(failures, change.failure) });
      }
      case "dead": {
        const { failures, ...others } = before();
        writes.push([environment.dead, key, Buffer.from(this.#acceptedOf(sequence, key, record)?.queue ?? "")]);
        return put({ ...others, state: "dead", failures: withFailure(failures, change.failure) });
      }
      case "redriven": {
        const accepted = this.#acceptedOf(sequence, key, record);
        writes.push([environment.dead, key]);
        if (change.payload !== undefined && accepted !== undefined) {
          writes.push([environment.jobs, key, jsonRecord(key, { ...accepted, payload: change.payload })]);
        }
        return put({ ...before(), state: "waiting", attempts: 0, dueAt: null });
      }
      case "ended": {
        const { channel, id, origin, principal } = change.of;
        const ended: Known = { kind: "ended", end: change.end, channel, origin, principal };
        const idKey = Buffer.from(id);
        const endKey = sequenceKey(this.#nextEnd++);
        this.#endCount++;
        writes.push([environment.jobs, key], [environment.progress, key]);
        if (change.end.kind === "discarded") writes.push([environment.dead, key]);
        writes.push([environment.jobIds, idKey, jsonRecord(idKey, ended)]);
        writes.push([environment.ends, endKey, jsonRecord(endKey, { id, at: this.#options.clock.wallTimeMs() })]);
      }
    }
  }

  /** Forget the ids of ended jobs that are out of the window, at most `steps`. */
  #forget(writes: Write[], steps: number): void {
    const { clock, environment, limits } = this.#options;
    const before = clock.wallTimeMs() - limits.windowMs;
    for (const { key, value } of environment.ends.getRange({ limit: steps })) {
      const end: unknown = isIntact(key, value) ? readJson(value) : undefined;
      if (isEnd(end) && end.at >= before && this.#endCount <= limits.windowMessagesMax) break;
      writes.push([environment.ends, key]);
      this.#endCount--;
      if (isEnd(end)) {
        writes.push([environment.jobIds, Buffer.from(end.id)]);
        this.#forgottenAt = Math.max(this.#forgottenAt, end.at);
      } else this.#report("an ended job", sequenceOf(key));
    }
    writes.push(this.#countersWrite());
  }

  #countersWrite(): Write {
    const counters: Counters = { lastSequence: this.#lastSequence, forgottenAt: this.#forgottenAt };
    // JSON has no -Infinity: null stands for it.
    return [this.#options.environment.jobs, COUNTERS_KEY, jsonRecord(COUNTERS_KEY, counters)];
  }

  *#jobsBehind(after: number, max: number): Generator<Job> {
    let count = 0;
    const range = { start: sequenceKey(after + 1), end: COUNTERS_KEY };
    for (const { key, value } of this.#options.environment.jobs.getRange(range)) {
      const job = this.#jobOf(sequenceOf(key), key, value);
      if (job === undefined) continue;
      yield job;
      if (++count === max) return;
    }
  }

  #job(sequence: number): Job | undefined {
    const key = sequenceKey(sequence);
    const record = this.#options.environment.jobs.getBinary(key);
    return record && this.#jobOf(sequence, key, record);
  }

  #jobOf(sequence: number, key: Buffer, record: Buffer): Job | undefined {
    const accepted = this.#acceptedOf(sequence, key, record);
    if (accepted === undefined) return undefined;
    const { dueAt, ...progress } = this.#progress(sequence);
    return { ...accepted, ...progress, dueAt: dueAt === undefined ? accepted.dueAt : (dueAt ?? undefined), sequence };
  }

  #acceptedOf(sequence: number, key: Buffer, record: Buffer): Accepted | undefined {
    const accepted: unknown = isIntact(key, record) ? readJson(record) : undefined;
    if (isAccepted(accepted)) return accepted;
    this.#report("a queued message", sequence);
    return undefined;
  }

  #progress(sequence: number): Progress {
    const none: Progress = { attempts: 0, failures: [], state: "waiting" };
    const key = sequenceKey(sequence);
    const record = this.#options.environment.progress.getBinary(key);
    if (record === undefined) return none;
    const progress: unknown = isIntact(key, record) ? readJson(record) : undefined;
    if (isProgress(progress)) return progress;
    this.#report("a queued message's progress", sequence);
    return none;
  }

  #known(id: string): Known | undefined {
    const key = Buffer.from(id);
    const record = this.#options.environment.jobIds.getBinary(key);
    if (record === undefined) return undefined;
    const known: unknown = isIntact(key, record) ? readJson(record) : undefined;
    if (isKnown(known)) return known;
    this.#report("a queued message's id", id);
    return undefined;
  }

  #report(what: string, which: string | number): void {
    this.#options.logger.error("store/corrupt", { what, which });
  }
}

function fresh(sequence: number, dueAt: number | undefined): Pick<Job, "sequence" | "attempts" | "state" | "dueAt"> {
  return { sequence, attempts: 0, state: "waiting", dueAt };
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

function readCounters(table: Table): Counters {
  const record = table.getBinary(COUNTERS_KEY);
  if (record === undefined) return { lastSequence: 0, forgottenAt: null };
  const counters: unknown = isIntact(COUNTERS_KEY, record) ? readJson(record) : undefined;
  if (hasMembers<Counters>(counters, ["lastSequence", "forgottenAt"])) return counters;
  throw new BusbarError("store/corrupt", "the record of the queues' counters is damaged: restore a backup");
}

function isAccepted(value: unknown): value is Accepted {
  return hasMembers<Accepted>(value, [
    "id",
    "queue",
    "channel",
    "key",
    "payload",
    "principal",
    "origin",
    "at",
    "bytes",
  ]);
}

function isProgress(value: unknown): value is Progress {
  return hasMembers<Progress>(value, ["attempts", "failures", "state"]);
}

function isKnown(value: unknown): value is Known {
  return hasMembers(value, ["sequence"]) || hasMembers(value, ["kind", "end", "channel", "origin", "principal"]);
}

function isEnd(value: unknown): value is { readonly id: string; readonly at: number } {
  return hasMembers(value, ["id", "at"]);
}

/** Its checksum says that it is as it was written; this, that it was written as that. */
function hasMembers<Value>(value: unknown, names: readonly (keyof Value & string)[]): value is Value {
  return typeof value === "object" && value !== null && names.every((name) => name in value);
}
