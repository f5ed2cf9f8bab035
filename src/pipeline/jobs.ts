import { Batches } from "../kernel/batches.js";
import type { Timer } from "../kernel/clock.js";
import { BusbarError } from "../kernel/errors.js";
import { wireError, type WireError } from "../wire/errors.js";
import type { Position, Stage } from "../wire/messages.js";
import type { Executor } from "./executor.js";
import { DeadLetters } from "./dead-letters.js";
import { FreshJobs, type Known } from "./fresh-jobs.js";
import { JobQueue } from "./job-queue.js";
import { JobRunner, type JobLine, type JobRunnerOptions } from "./job-runner.js";
import {
  bytesOf,
  freshJob,
  headOf,
  type JobAccepted,
  type JobDraft,
  type JobFound,
  type JobHead,
  type JobOrigin,
} from "./job-store.js";
import { QueueMeter, type QueueFigures } from "./queue-figures.js";
import type { QueueSettings } from "./queued.js";
import { publisherOf } from "./publisher.js";
import { Followers, type StageListener } from "./stages.js";

/** So many jobs are accepted in one call of the store. */
const ACCEPTED_AT_ONCE_MAX = 256;

/** So many jobs are looked up at once at the start. */
const LOADED_AT_ONCE = 1_000;

/** The wall clock is looked at so often while anything is scheduled: it can jump. */
const LOOK_EVERY_MS = 1_000;

/** Messages that were just accepted take up so many bytes, until they are begun with. */
const FRESH_BYTES_MAX = 8 * 1024 * 1024;

/** When to try again where a queue is full. */
const FULL_AGAIN_MS = 1_000;

/** The name of a group's queue begins with it; a pattern of channels cannot. */
export const groupPrefix = "group:";

export interface JobsOptions<Principal> extends Omit<JobRunnerOptions<Principal>, "onStage" | "onFree" | "fresh"> {
  readonly executor: Executor<Principal>;
  /** The queues by the patterns of their channels. */
  readonly queues: ReadonlyMap<string, QueueSettings>;
  /** The position of a message that is in a channel's log, by its origin. */
  readonly find: (channel: string, origin: JobOrigin) => Promise<Position | undefined>;
}

/** A queue as it is now. */
export interface QueueSnapshot extends QueueFigures {
  readonly pattern: string;
  readonly waiting: QueueFigures["waiting"];
  /** How many messages are where. */
  readonly jobs: JobQueue["counts"];
}

/** What is known of a message. */
export interface FollowedMessage {
  readonly stage: Stage;
  /** The publisher's principal id. */
  readonly from: string;
  readonly channel: string;
}

/** Everything that waits to be processed in one store, and what becomes of it. */
export class Jobs<Principal extends { readonly id: string }> {
  readonly deadLetters: DeadLetters;
  readonly #options: JobsOptions<Principal>;
  readonly #lines = new Map<string, JobLine>();
  readonly #runner: JobRunner<Principal>;
  readonly #intake: Batches<JobDraft, JobAccepted>;
  readonly #followers = new Followers();
  readonly #fresh = new FreshJobs<Principal>(FRESH_BYTES_MAX);
  /** Bytes that are on their way into each queue, and jobs. */
  readonly #arriving = new Map<string, { jobs: number; bytes: number }>();
  #timer: Timer | undefined;
  #lookAtMs = Infinity;
  #closeError: WireError | undefined;

  constructor(options: JobsOptions<Principal>) {
    const { executor, queues, store } = options;
    this.#options = options;
    this.#runner = new JobRunner({
      ...options,
      fresh: this.#fresh,
      onStage: (id, stage) => this.#followers.tell(id, stage),
      onFree: (line) => this.#pump(line),
    });
    for (const [pattern, settings] of queues) this.#addLine(pattern, settings, false);
    this.#intake = new Batches(ACCEPTED_AT_ONCE_MAX, (drafts) => store.accept(drafts));
    this.deadLetters = new DeadLetters({
      store,
      match: options.match,
      note: (change) => this.#runner.note(change),
      line: (pattern) => this.#lines.get(pattern),
      onChange: (job, stage) => this.#changed(job.id, job.queue, stage),
    });
    executor.onRoom(() => this.#pumpAll());
  }

  has(pattern: string): boolean {
    return this.#lines.has(pattern);
  }

  /**
   * Take a message into its queue; resolves when it is kept, also where it was before. What is `known` of it need not be
   * found out again.
   *
   * Rejects with a WireError: `server/busy` where the queue is full, `publish/unknown-repeat`, `server/stopping`, or
   * `server/log-unavailable`, after which it is unknown whether it was accepted.
   */
  async accept(draft: JobDraft, known?: Known<Principal>): Promise<void> {
    if (this.#closeError !== undefined) throw this.#closeError;
    const line = this.#lineOf(draft.queue);
    const bytes = bytesOf(draft);
    const arriving = this.#arriving.get(draft.queue) ?? { jobs: 0, bytes: 0 };
    this.#arriving.set(draft.queue, arriving);
    if (!line.queue.hasRoomFor(arriving.jobs + 1, arriving.bytes + bytes)) {
      throw wireError("server/busy", `the queue of ${draft.queue} is full`, { retryAfterMs: FULL_AGAIN_MS });
    }
    arriving.jobs++;
    arriving.bytes += bytes;
    let accepted: JobAccepted;
    try {
      accepted = await this.#intake.add(draft);
    } catch (cause) {
      const message = "the queue cannot be written now; whether the message was accepted is unknown";
      throw wireError("server/log-unavailable", message, { retryAfterMs: FULL_AGAIN_MS, cause });
    } finally {
      arriving.jobs--;
      arriving.bytes -= bytes;
    }
    if (accepted.kind === "unknown") {
      throw wireError("publish/unknown-repeat", "this repeat is older than what is remembered; it was not accepted");
    }
    if (accepted.kind === "repeat") return this.#adopt(line, draft.id);
    const { head } = accepted;
    line.meter.count("accepted");
    line.queue.add(head, this.#options.clock.wallTimeMs());
    if (known !== undefined && head.dueAt === undefined) this.#fresh.add(freshJob(draft, head), known);
    this.#followers.tell(
      head.id,
      head.dueAt === undefined ? { stage: "accepted" } : { stage: "accepted", dueAt: head.dueAt },
    );
    this.#pump(line);
  }

  /** Whether all of these would be taken into their queue, which is the same, if they were given to it now. */
  hasRoomFor(drafts: readonly JobDraft[]): boolean {
    const [first] = drafts;
    if (first === undefined) return true;
    const { jobs, bytes } = this.#arriving.get(first.queue) ?? { jobs: 0, bytes: 0 };
    const bytesMore = drafts.reduce((sum, draft) => sum + bytesOf(draft), 0);
    return this.#lineOf(first.queue).queue.hasRoomFor(jobs + drafts.length, bytes + bytesMore);
  }

  /** Where the message with this id is; undefined where it is not known (any more). */
  async find(id: string): Promise<FollowedMessage | undefined> {
    const found = await this.#options.store.find(id);
    if (found === undefined) return undefined;
    const { channel, principal } = found.kind === "job" ? found.job : found;
    return { stage: await this.#stageOf(found), from: publisherOf(principal), channel };
  }

  /** Be told of the stages of the message `id` from now on; returns what ends it. */
  follow(id: string, listener: StageListener): () => void {
    return this.#followers.add(id, listener);
  }

  get snapshot(): QueueSnapshot[] {
    return Array.from(this.#lines.values(), ({ meter, pattern, queue }) => {
      return { pattern, jobs: queue.counts, ...meter.figures };
    });
  }

  /** Take nothing more, and give up what is being processed: it is tried again after the next start. */
  close(): void {
    this.#closeError = wireError("server/stopping", "the server stops; the message was not accepted");
    this.#timer?.cancel();
    this.#runner.close(this.#closeError);
  }

  /** Take up what the store has kept; before everything else. Rejects with what the store rejects with. */
  async load(): Promise<void> {
    const { logger } = this.#options;
    const orphans = new Map<string, number>();
    await this.#eachHead((head) => {
      const line = this.#lines.get(head.queue);
      if (line !== undefined) line.queue.add(head, this.#options.clock.wallTimeMs());
      // A group's go on when somebody subscribes to it again.
      else if (!head.queue.startsWith(groupPrefix)) orphans.set(head.queue, (orphans.get(head.queue) ?? 0) + 1);
    });
    for (const [queue, jobs] of orphans) logger.warn("pipeline/orphans", { queue, jobs });
    this.#pumpAll();
  }

  /** Add a group's queue, and take up what the store has kept of it. Rejects with what the store rejects with. */
  async addGroup(name: string, settings: QueueSettings): Promise<void> {
    const line = this.#addLine(name, settings, true);
    await this.#eachHead((head) => {
      if (head.queue === name) line.queue.add(head, this.#options.clock.wallTimeMs());
    });
    this.#pump(line);
  }

  /** Nobody processes a group's queue any more: what is in it stays in the store. */
  removeGroup(name: string): void {
    this.#lines.delete(name);
  }

  /** Resolves when what was being processed has been given up. After `close`. */
  async ended(): Promise<void> {
    await this.#runner.ended();
  }

  /** Take up a job that the store has kept although it said that it had failed. */
  async #adopt(line: JobLine, id: string): Promise<void> {
    const found = await this.#options.store.find(id);
    if (found?.kind !== "job" || line.queue.has(found.job.sequence)) return;
    line.queue.add(headOf(found.job), this.#options.clock.wallTimeMs());
    this.#pump(line);
  }

  #addLine(pattern: string, settings: QueueSettings, isGroup: boolean): JobLine {
    const { executor } = this.#options;
    const leaseMs = executor.isLeased(pattern) ? settings.leaseMs : Infinity;
    const queue = new JobQueue({ ...settings, leaseMs });
    const line = { pattern, isGroup, settings, queue, meter: new QueueMeter() };
    this.#lines.set(pattern, line);
    return line;
  }

  async #eachHead(visit: (head: JobHead) => void): Promise<void> {
    let after = 0;
    for (;;) {
      const heads = await this.#options.store.heads(after, LOADED_AT_ONCE);
      const last = heads.at(-1);
      if (last === undefined) return;
      for (const head of heads) visit(head);
      after = last.sequence;
    }
  }

  #pumpAll(): void {
    for (const line of this.#lines.values()) this.#pump(line);
  }

  /** Begin with as much as can be begun with now. */
  #pump(line: JobLine): void {
    const { clock, executor } = this.#options;
    while (this.#closeError === undefined) {
      const seat = executor.seat(line.pattern);
      if (seat === undefined) break;
      const claim = line.queue.claim(clock.now());
      if (claim === undefined) {
        seat.leave();
        break;
      }
      this.#runner.run(line, claim, seat);
    }
    this.#look();
  }

  /** See to it that what is scheduled and what is leased is looked at in time. */
  #look(): void {
    if (this.#closeError !== undefined) return;
    const { clock } = this.#options;
    let waitMs = Infinity;
    for (const { queue } of this.#lines.values()) {
      if (queue.dueAtMs !== undefined) waitMs = Math.min(waitMs, LOOK_EVERY_MS, queue.dueAtMs - clock.wallTimeMs());
      const { leaseEndsAtMs = Infinity } = queue;
      waitMs = Math.min(waitMs, leaseEndsAtMs - clock.now());
    }
    const atMs = clock.now() + Math.max(waitMs, 0);
    if (atMs === Infinity || (this.#timer !== undefined && this.#lookAtMs <= atMs)) return;
    this.#timer?.cancel();
    this.#lookAtMs = atMs;
    this.#timer = clock.schedule(Math.max(waitMs, 0), () => {
      this.#timer = undefined;
      this.#wake();
    });
  }

  #wake(): void {
    const { clock } = this.#options;
    for (const line of this.#lines.values()) {
      line.queue.wake(clock.wallTimeMs());
      for (const claim of line.queue.expire(clock.now())) this.#runner.lapse(line, claim);
      this.#pump(line);
    }
  }

  #changed(id: string, pattern: string, stage: Stage): void {
    const line = this.#lineOf(pattern);
    line.meter.count(stage.stage === "discarded" ? "discarded" : "redriven");
    this.#followers.tell(id, stage);
    this.#pump(line);
  }

  async #stageOf(found: JobFound): Promise<Stage> {
    if (found.kind === "job") {
      const { attempts, dueAt, state } = found.job;
      if (state === "dead") return { stage: "dead" };
      if (attempts === 0) return dueAt === undefined ? { stage: "accepted" } : { stage: "accepted", dueAt };
      if (dueAt !== undefined && found.job.failures.length === attempts)
        return { stage: "retrying", attempt: attempts, dueAt };
      return { stage: "processing", attempt: attempts };
    }
    const { channel, end, origin } = found;
    switch (end.kind) {
      case "delivered": {
        const position = await this.#options.find(channel, origin);
        return position === undefined ? { stage: "delivered" } : { stage: "delivered", position };
      }
      case "dropped":
        return { stage: "dropped" };
      case "rejected":
        return { stage: "rejected", reason: JSON.parse(end.reason) };
      case "discarded":
        return { stage: "discarded" };
    }
  }

  #lineOf(pattern: string): JobLine {
    const line = this.#lines.get(pattern);
    if (line === undefined) throw new BusbarError("pipeline/no-queue", `there is no queue of ${pattern}`);
    return line;
  }
}
