import { Batches } from "../kernel/batches.js";
import { causeText } from "../kernel/cause-text.js";
import type { Clock } from "../kernel/clock.js";
import { deferred, type Deferred } from "../kernel/deferred.js";
import { BusbarError } from "../kernel/errors.js";
import { LazyAbort } from "../kernel/lazy-abort.js";
import type { Logger } from "../kernel/logger.js";
import type { Random } from "../kernel/random.js";
import type { ChannelMatch } from "../contract/contract.js";
import { validate } from "../contract/validation.js";
import { wireError } from "../wire/errors.js";
import type { Position, Stage } from "../wire/messages.js";
import { backoffMs } from "./backoff.js";
import { tookTooLong } from "./deadlines.js";
import type { FreshJob, FreshJobs, Known } from "./fresh-jobs.js";
import { noRoomCode, type Seat } from "./executor.js";
import type { Claim, JobQueue } from "./job-queue.js";
import { LateNotes } from "./late-notes.js";
import { failureTextMax, type Failure, type Job, type JobChange, type JobStore, type Rider } from "./job-store.js";
import { endOf, endStageOf, outputsOf } from "./outcomes.js";
import type { Output } from "./pipeline.js";
import type { Produced } from "./production.js";
import type { QueueMeter } from "./queue-figures.js";
import type { QueueSettings } from "./queued.js";

/** So many jobs are begun, and so many outcomes are written, together. */
const BATCH_MAX = 512;

/** When something that the store could not do is tried again. */
const STORE_AGAIN_MS = 1_000;

/** One queue, with what belongs to it. */
export interface JobLine {
  /** Its name: the pattern of its channels, or a group's. */
  readonly pattern: string;
  /** Whether it is a group's: what waits was delivered, and so held against the contract, before. */
  readonly isGroup: boolean;
  readonly queue: JobQueue;
  readonly settings: QueueSettings;
  readonly meter: QueueMeter;
}

export interface JobRunnerOptions<Principal> {
  readonly fresh: FreshJobs<Principal>;
  readonly store: JobStore;
  /** Finds the kind of channel that a name means. */
  readonly match: (channel: string) => ChannelMatch | undefined;
  /**
   * Append messages to their channels' logs and write the rider, all or nothing; resolves with a position for each,
   * undefined where it is not known. Rejects when that failed or is unknown: it is safe to do it again.
   */
  readonly deliverAll: (outputs: readonly Output[], rider: Rider) => Promise<readonly (Position | undefined)[]>;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  /** Told of each stage of a message. */
  readonly onStage: (id: string, stage: Stage) => void;
  /** Told when a line may have something to do. */
  readonly onFree: (line: JobLine) => void;
}

/** A job that is being processed. */
interface Attempt<Principal> {
  readonly line: JobLine;
  readonly claim: Claim;
  readonly seat: Seat<Principal>;
  readonly abort: LazyAbort;
}

/** What came out of an attempt, until it is in the store. */
interface Settlement<Principal> {
  readonly attempt: Attempt<Principal>;
  readonly job: Job;
  readonly produced: Produced;
}

/** What a line of the log tells: whose attempt it was, and more. */
interface Told {
  readonly claim: Claim;
  readonly cause?: string;
  readonly stack?: string | undefined;
  readonly retryAfterMs?: number;
  readonly what?: string;
}

/** Carries attempts out: begins them, runs the processor, and writes what came out and the job's end as one. */
export class JobRunner<Principal extends { readonly id: string }> {
  readonly #options: JobRunnerOptions<Principal>;
  readonly #running = new Map<number, Attempt<Principal>>();
  readonly #beginning: Batches<Claim, Job | undefined>;
  readonly #settling: Batches<Settlement<Principal>, Position | undefined>;
  readonly #noting: Batches<JobChange, void>;
  /** Ends each pause that is under way. */
  readonly #pauses = new Set<() => void>();
  /** The first attempts at messages that were just accepted: most are over before anything could be noted of them. */
  readonly #beginnings: LateNotes<Claim>;
  /** Attempts that are not over. */
  #count = 0;
  #ended: Deferred<void> | undefined;
  #closeError: BusbarError | undefined;

  constructor(options: JobRunnerOptions<Principal>) {
    const { store } = options;
    this.#options = options;
    this.#beginning = new Batches(BATCH_MAX, async (claims) => {
      await store.change(claims.map(begun));
      return store.read(claims.map(({ head }) => head.sequence));
    });
    this.#beginnings = new LateNotes(options.clock, (claim) => {
      this.note(begun(claim)).catch((cause: unknown) => {
        this.#log("warn", "pipeline/attempt-not-noted", { claim, cause: causeText(cause) });
      });
    });
    this.#settling = new Batches(BATCH_MAX, (settlements) => this.#settle(settlements));
    this.#noting = new Batches(BATCH_MAX, async (changes) => {
      await store.change(changes);
      return changes.map(() => undefined);
    });
  }

  /** Note a change of a job; resolves when the store has it. */
  note(change: JobChange): Promise<void> {
    return this.#noting.add(change);
  }

  /** Carry a claim out, from the beginning to what becomes of it, and leave the seat. */
  run(line: JobLine, claim: Claim, seat: Seat<Principal>): void {
    const attempt: Attempt<Principal> = { line, claim, seat, abort: new LazyAbort() };
    this.#running.set(claim.head.sequence, attempt);
    this.#count++;
    const over = (): void => this.#over(attempt);
    this.#run(attempt)
      .catch((cause: unknown) => this.#putBack(attempt, cause))
      .catch((error: unknown) => {
        this.#log("error", "pipeline/defect", { claim, cause: causeText(error), stack: stackOf(error) });
      })
      .then(over, over);
  }

  /**
   * A worker was silent for too long: what comes out of its attempt does not count any more, and others go on. That it
   * failed is noted before they do.
   */
  lapse(line: JobLine, claim: Claim): void {
    const { sequence } = claim.head;
    const error = lost();
    this.#running.get(sequence)?.abort.abort(error);
    // The last attempt's failure is noted with the end of the message, when it is about to be tried once more.
    if (claim.attempt >= line.settings.attemptsMax) return;
    line.meter.count("retried");
    this.#log("warn", "pipeline/attempt-failed", { claim, cause: causeText(error), retryAfterMs: 0 });
    const failure = this.#failureOf({ claim, line }, error);
    this.note({ kind: "failed", sequence, failure, dueAt: failure.at }).catch((cause: unknown) => {
      this.#log("warn", "pipeline/attempt-not-noted", { claim, cause: causeText(cause) });
    });
  }

  /** Give up what is running, and let no timer go on. Jobs that were under way are tried again after the next start. */
  close(error: BusbarError): void {
    this.#closeError = error;
    for (const { abort } of this.#running.values()) abort.abort(error);
    for (const endPause of this.#pauses) endPause();
    this.#beginnings.close();
  }

  /** Resolves when no attempt is under way. After `close`. */
  async ended(): Promise<void> {
    if (this.#count === 0) return;
    this.#ended ??= deferred();
    await this.#ended.promise;
  }

  async #run(attempt: Attempt<Principal>): Promise<void> {
    const { claim, line } = attempt;
    const { clock, onStage } = this.#options;
    const { head } = claim;
    const fresh = this.#options.fresh.take(head.sequence);
    if (fresh !== undefined) this.#beginnings.add(claim);
    // One whose last attempt was ended by nobody is claimed once more, only to be buried.
    const isSpent = claim.attempt > line.settings.attemptsMax;
    const noted = isSpent ? { head, attempt: line.settings.attemptsMax } : claim;
    const job = fresh === undefined ? await this.#beginning.add(noted) : fresh.job;
    if (job === undefined) {
      this.#log("error", "pipeline/job-lost", { claim: attempt.claim, what: "its record is damaged or gone" });
      line.queue.finish(head.sequence, claim.attempt);
      return;
    }
    if (isSpent) return this.#failed(attempt, lost());
    line.meter.count("begun");
    if (claim.attempt === 1) line.meter.waiting.record(Math.max(0, clock.wallTimeMs() - (job.dueAt ?? job.at)));
    onStage(head.id, { stage: "processing", attempt: claim.attempt });
    const begunAt = clock.now();
    let produced: Produced;
    try {
      produced = await this.#process(attempt, job, fresh);
    } catch (error) {
      return await this.#failed(attempt, error);
    } finally {
      line.meter.processing.record(clock.now() - begunAt);
      this.#beginnings.remove(claim);
    }
    await this.#end({ attempt, job, produced });
  }

  /** The store cannot be written: the job goes back as it was, and is tried again. */
  async #putBack({ claim, line }: Attempt<Principal>, cause: unknown): Promise<void> {
    this.#log("error", "pipeline/store-failed", { claim, cause: causeText(cause) });
    await this.#pause();
    line.queue.release(claim.head.sequence, claim.attempt);
  }

  #over(attempt: Attempt<Principal>): void {
    const { claim, line, seat } = attempt;
    const { sequence } = claim.head;
    if (this.#running.get(sequence) === attempt) this.#running.delete(sequence);
    this.#count--;
    if (this.#count === 0) this.#ended?.resolve();
    seat.leave();
    this.#options.onFree(line);
  }

  async #process(attempt: Attempt<Principal>, job: Job, fresh: FreshJob<Principal> | undefined): Promise<Produced> {
    const { abort, claim, line, seat } = attempt;
    const { data, match, message, principal } = fresh ?? (await this.#known(line, job));
    const work = {
      id: () => job.id,
      channel: job.channel,
      match,
      data,
      message,
      principal,
      attempt: claim.attempt,
    };
    const renew = (): boolean => line.queue.renew(job.sequence, claim.attempt, this.#options.clock.now());
    const { timeoutMs } = line.settings;
    const timer = this.#options.clock.schedule(timeoutMs, () => abort.abort(tookTooLong(timeoutMs)));
    try {
      return await abort.until(seat.run(work, { abort, renew }));
    } finally {
      timer.cancel();
    }
  }

  /** What a job's message is, from what the store has of it. */
  async #known(line: JobLine, job: Job): Promise<Known<Principal>> {
    const match = this.#options.match(job.channel);
    if (match === undefined) throw wireError("channel/unknown", `there is no channel ${job.channel} any more`);
    const data: unknown = JSON.parse(job.payload);
    const message = line.isGroup ? data : await valid(match, data);
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- written when the job was accepted
    return { match, data, message, principal: JSON.parse(job.principal) as Principal };
  }

  async #failed(attempt: Attempt<Principal>, error: unknown): Promise<void> {
    const { claim, line } = attempt;
    const { clock, onStage, random } = this.#options;
    const { id, sequence } = claim.head;
    const isUntried = error instanceof BusbarError && error.code === noRoomCode;
    if (isUntried || this.#closeError !== undefined) return this.#giveBack(attempt);
    if (!this.#keep(attempt)) return this.#tooLate(attempt);
    if (claim.attempt >= line.settings.attemptsMax) return this.#bury(attempt, error);
    const waitMs = backoffMs(line.settings.backoff, claim.attempt, random);
    const dueAt = clock.wallTimeMs() + waitMs;
    const cause = causeText(error);
    this.#log("warn", "pipeline/attempt-failed", {
      claim: attempt.claim,
      cause,
      stack: stackOf(error),
      retryAfterMs: waitMs,
    });
    await this.note({ kind: "failed", sequence, failure: this.#failureOf(attempt, error), dueAt });
    line.meter.count("retried");
    line.queue.retry(sequence, claim.attempt, dueAt);
    onStage(id, { stage: "retrying", attempt: claim.attempt, dueAt });
  }

  async #bury(attempt: Attempt<Principal>, error: unknown): Promise<void> {
    const { claim, line } = attempt;
    const { id, sequence } = claim.head;
    await this.note({ kind: "dead", sequence, failure: this.#failureOf(attempt, error) });
    line.queue.bury(sequence, claim.attempt);
    line.meter.count("dead");
    this.#log("error", "pipeline/dead", { claim: attempt.claim, cause: causeText(error), stack: stackOf(error) });
    this.#options.onStage(id, { stage: "dead" });
  }

  /** Nobody began with it, or the server stops: the attempt was none. */
  async #giveBack({ claim, line }: Attempt<Principal>): Promise<void> {
    const { sequence } = claim.head;
    await this.note({ kind: "begun", sequence, attempts: claim.attempt - 1 });
    line.queue.release(sequence, claim.attempt);
  }

  /** Have no lease run out any more while the store writes what became of it; false where one has. */
  #keep({ claim, line }: Attempt<Principal>): boolean {
    return line.queue.renew(claim.head.sequence, claim.attempt, Infinity);
  }

  #tooLate(attempt: Attempt<Principal>): void {
    attempt.line.meter.count("late");
    this.#log("warn", "pipeline/too-late", { claim: attempt.claim });
  }

  /** Have the outcome take effect, however often the store has to be asked. */
  async #end(settlement: Settlement<Principal>): Promise<void> {
    const { attempt } = settlement;
    const { claim, line } = attempt;
    const { id, sequence } = claim.head;
    const { clock, onStage } = this.#options;
    const endedAt = clock.now();
    // Its lease holds: one that had run out would have ended the attempt.
    this.#keep(attempt);
    for (;;) {
      try {
        const position = await this.#settling.add(settlement);
        line.meter.settling.record(clock.now() - endedAt);
        line.queue.finish(sequence, claim.attempt);
        const stage = endStageOf(settlement.produced, line.isGroup, position);
        line.meter.count(stage.stage);
        if (stage.stage === "rejected") this.#log("info", "pipeline/rejected", { claim: attempt.claim });
        return onStage(id, stage);
      } catch (cause) {
        if (this.#closeError !== undefined) throw cause;
        this.#log("error", "pipeline/not-settled", { claim: attempt.claim, cause: causeText(cause) });
        await this.#pause();
      }
    }
  }

  /** Write what came out of several jobs, and their ends, in one transaction; resolves with their messages' positions. */
  async #settle(settlements: readonly Settlement<Principal>[]): Promise<readonly (Position | undefined)[]> {
    const { clock, deliverAll, store } = this.#options;
    const at = clock.wallTimeMs();
    const outputs = settlements.flatMap(({ job, produced }) => outputsOf(job, produced, at));
    const rider = store.rider(
      settlements.map(({ attempt, job, produced }) => {
        return { kind: "ended", sequence: job.sequence, end: endOf(produced, attempt.line.isGroup), of: job };
      }),
    );
    const positions = await deliverAll(outputs, rider);
    let next = 0;
    return settlements.map(({ produced }) => {
      if (produced.kind === "rejected") return undefined;
      const first = positions[next];
      next += produced.emitted.length + (produced.payload === undefined ? 0 : 1);
      return produced.payload === undefined ? undefined : first;
    });
  }

  #failureOf({ claim, line }: Pick<Attempt<Principal>, "claim" | "line">, error: unknown): Failure {
    const text = causeText(error).slice(0, failureTextMax);
    const attempt = Math.min(claim.attempt, line.settings.attemptsMax);
    return { attempt, at: this.#options.clock.wallTimeMs(), error: text };
  }

  /** Let the store be for a while; not at all when nothing is to go on. */
  #pause(): Promise<void> {
    if (this.#closeError !== undefined) return Promise.resolve();
    return new Promise((resolve) => {
      const end = (): void => {
        timer.cancel();
        this.#pauses.delete(end);
        resolve();
      };
      const timer = this.#options.clock.schedule(STORE_AGAIN_MS, end);
      this.#pauses.add(end);
    });
  }

  #log(level: "info" | "warn" | "error", event: string, { claim, ...fields }: Told): void {
    const { channel, id, queue } = claim.head;
    this.#options.logger[level](event, { message: id, channel, queue, attempt: claim.attempt, ...fields });
  }
}

function begun({ attempt, head }: Claim): JobChange {
  return { kind: "begun", sequence: head.sequence, attempts: attempt };
}

/** What the contract's schema makes of a message. Rejects with `message/invalid`. */
async function valid({ definition }: ChannelMatch, data: unknown): Promise<unknown> {
  const validation = await validate(definition.message, data);
  if (validation.isValid) return validation.value;
  throw wireError("message/invalid", validation.problem);
}

function lost(): BusbarError {
  const message = "whoever processed the message was gone before it was done";
  return new BusbarError("pipeline/worker-lost", message, { retryable: true });
}

function stackOf(error: unknown): string | undefined {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  return cause instanceof Error ? cause.stack : undefined;
}
