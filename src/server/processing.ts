import type { Principal } from "../auth/principal.js";
import type { Contract } from "../contract/contract.js";
import type { Params } from "../contract/pattern.js";
import type { Hub } from "../hub/hub.js";
import type { Durability } from "../hub/store.js";
import type { Clock } from "../kernel/clock.js";
import type { Logger } from "../kernel/logger.js";
import type { Random } from "../kernel/random.js";
import type { DeadLetter } from "../pipeline/dead-letters.js";
import type { Executor } from "../pipeline/executor.js";
import { Jobs, type FollowedMessage, type QueueSnapshot } from "../pipeline/jobs.js";
import type { JobStore } from "../pipeline/job-store.js";
import { ownOrigin } from "../pipeline/message-id.js";
import { Pipeline, type Acceptable, type PipelineFigures, type PipelineLimits } from "../pipeline/pipeline.js";
import type { QueueSettings } from "../pipeline/queued.js";
import type { StageListener } from "../pipeline/stages.js";
import { wireError } from "../wire/errors.js";
import type { Stage } from "../wire/messages.js";
import { isEnd } from "../wire/stage.js";
import { deliverAll } from "./deliveries.js";

/** The longest key of a queued message, in characters. */
const keyLengthMax = 255;

/** So many dead letters are listed at once. */
const lettersMax = 100;

export interface ProcessingOptions {
  readonly app: Contract;
  readonly hub: Hub;
  readonly executor: Executor<Principal>;
  /** The patterns whose messages are accepted first. */
  readonly queued: ReadonlySet<string>;
  /** Every channel's queue: messages of any channel can be scheduled. */
  readonly queues: ReadonlyMap<string, QueueSettings>;
  /** Where the messages of a durability wait; none where the store cannot keep them. */
  readonly stores: Readonly<Record<Durability, JobStore | undefined>>;
  readonly durabilityOf: (pattern: string) => Durability;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly limits: Partial<PipelineLimits>;
}

/** What happens between receiving and delivering, as it is now. */
export interface PipelineSnapshot extends PipelineFigures {
  readonly queues: readonly QueueSnapshot[];
}

/** A dead letter, with where it is in the list. */
export interface ListedDeadLetter extends Omit<DeadLetter, "sequence"> {
  /** Goes into `after`, to list what is behind it. */
  readonly place: string;
}

/** Which dead letters: of one channel pattern or of all, behind a place, at most so many (100, which is the most). */
export interface DeadLetterRange {
  readonly queue?: string | undefined;
  readonly after?: string | undefined;
  readonly max?: number | undefined;
}

/** Receiving, processing, delivering: the pipeline with its queues, in memory and on disk. */
export class Processing {
  readonly pipeline: Pipeline<Principal>;
  readonly #options: ProcessingOptions;
  readonly #jobs: readonly Jobs<Principal>[];
  readonly #byDurability = new Map<Durability, Jobs<Principal>>();

  /** Take up what waits in the stores. Rejects with what a store rejects with. */
  static async open(options: ProcessingOptions): Promise<Processing> {
    const processing = new Processing(options);
    for (const jobs of processing.#jobs) await jobs.load();
    return processing;
  }

  /** On stores in which nothing waits. */
  constructor(options: ProcessingOptions) {
    const { app, clock, executor, hub, limits, logger, queued, queues, random, stores } = options;
    for (const durability of ["memory", "disk"] as const) {
      const store = stores[durability];
      if (store === undefined) continue;
      const own = [...queues].filter(([pattern]) => options.durabilityOf(pattern) === durability);
      const parts = { store, queues: new Map(own), executor, clock, random, logger };
      const of = new Jobs<Principal>({
        ...parts,
        match: app.match.bind(app),
        find: hub.find.bind(hub),
        deliverAll: (outputs, rider) => deliverAll(hub, outputs, rider),
      });
      this.#byDurability.set(durability, of);
    }
    this.#options = options;
    this.#jobs = [...this.#byDurability.values()];
    this.pipeline = new Pipeline({
      executor,
      isQueued: (pattern) => queued.has(pattern),
      accept: (message) => this.#accept(message),
      deliver: hub.publish.bind(hub),
      deliverAll: (outputs) => deliverAll(hub, outputs),
      find: hub.find.bind(hub),
      clock,
      random,
      logger,
      limits,
    });
  }

  get snapshot(): PipelineSnapshot {
    return { ...this.pipeline.figures, queues: this.#jobs.flatMap(({ snapshot }) => snapshot) };
  }

  /** What waits with this durability; undefined where the store keeps no messages. */
  jobs(durability: Durability): Jobs<Principal> | undefined {
    return this.#byDurability.get(durability);
  }

  /** Where the message with this id is; undefined where it is not known (any more). */
  async find(id: string): Promise<FollowedMessage | undefined> {
    for (const jobs of this.#jobs) {
      const found = await jobs.find(id);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  /**
   * Be told of each stage of a message, of the one that it is at first; resolves with what ends that.
   *
   * Rejects with `message/unknown` where the message is not known (any more), or where `mayFollow` says no.
   */
  async follow(
    id: string,
    listener: StageListener,
    mayFollow: (message: FollowedMessage) => boolean = () => true,
  ): Promise<() => void> {
    const missed: Stage[] = [];
    let tell: StageListener = (stage) => void missed.push(stage);
    // Before it is looked up: what happens meanwhile is told as well.
    const ends = this.#jobs.map((jobs) => jobs.follow(id, (stage) => tell(stage)));
    const stop = (): void => {
      for (const end of ends) end();
    };
    const found = await this.find(id).catch((error: unknown) => {
      stop();
      throw error;
    });
    if (found === undefined || !mayFollow(found)) {
      stop();
      throw wireError("message/unknown", "no message with this id is known");
    }
    tell = listener;
    // What was told meanwhile is newer than what was looked up, unless that is the end already.
    if (missed.length === 0 || isEnd(found.stage)) listener(found.stage);
    else for (const stage of missed) listener(stage);
    return stop;
  }

  /** Dead letters, oldest first: at most 100. Rejects with `dead/unknown` where `after` is no place. */
  async deadLetters({ after, max = lettersMax, queue }: DeadLetterRange = {}): Promise<ListedDeadLetter[]> {
    const [first, behind] = placeOf(after);
    const letters: ListedDeadLetter[] = [];
    for (const [index, { deadLetters }] of this.#jobs.entries()) {
      if (index < first) continue;
      const left = Math.min(max, lettersMax) - letters.length;
      if (left <= 0) break;
      const found = await deadLetters.list({ queue, after: index === first ? behind : 0, max: left });
      letters.push(...found.map(({ sequence, ...letter }) => ({ ...letter, place: `${index}.${sequence}` })));
    }
    return letters;
  }

  async deadLetter(id: string): Promise<DeadLetter | undefined> {
    for (const { deadLetters } of this.#jobs) {
      const letter = await deadLetters.get(id);
      if (letter !== undefined) return letter;
    }
    return undefined;
  }

  /** Rejects with `dead/unknown`, or `message/invalid` where the changed message does not fit its channel. */
  async redrive(id: string, change?: { readonly data: unknown }): Promise<void> {
    const jobs = await this.#withLetter(id);
    await jobs.deadLetters.redrive(id, change);
  }

  /** Rejects with `dead/unknown`. */
  async discard(id: string): Promise<void> {
    const jobs = await this.#withLetter(id);
    await jobs.deadLetters.discard(id);
  }

  /** Of one queue, or of all; resolves with how many there were. */
  redriveAll(queue?: string): Promise<number> {
    return this.#sum((jobs) => jobs.deadLetters.redriveAll(queue));
  }

  /** Of one queue, or of all; resolves with how many there were. */
  discardAll(queue?: string): Promise<number> {
    return this.#sum((jobs) => jobs.deadLetters.discardAll(queue));
  }

  /** Take nothing more, and give up what is being processed. */
  close(): void {
    this.pipeline.close();
    for (const jobs of this.#jobs) jobs.close();
  }

  /** Resolves when nothing is being written any more. After `close`. */
  async ended(): Promise<void> {
    await Promise.all(this.#jobs.map((jobs) => jobs.ended()));
  }

  async #accept(message: Acceptable<Principal>): Promise<void> {
    const { channel, dueAt, id, match, origin, payload, principal } = message;
    const jobs = this.#jobs.find((candidate) => candidate.has(match.pattern));
    if (jobs === undefined) throw wireError("message/failed", "this server's store keeps no messages for later");
    const draft = {
      id,
      queue: match.pattern,
      channel,
      key: this.#keyOf(message),
      payload,
      principal: JSON.stringify(principal),
      at: this.#options.clock.wallTimeMs(),
      dueAt,
      origin: origin === undefined ? ownOrigin(id) : { producer: origin.producer, sequence: origin.sequence },
      firstSentAt: origin?.firstSentAt,
    };
    await jobs.accept(draft, { match, data: message.data, message: message.message, principal });
  }

  #keyOf({ channel, match, message, principal }: Acceptable<Principal>): string {
    const settings = this.#options.queues.get(match.pattern);
    let key: string | undefined;
    let cause: unknown;
    try {
      const params: Params = match.params;
      key = settings?.key(message, { channel, params, principal });
    } catch (error) {
      cause = error;
    }
    if (typeof key === "string" && key.length <= keyLengthMax) return key;
    const text = `the queue's key of a message is a text of at most ${keyLengthMax} characters`;
    throw wireError("message/failed", text, { cause });
  }

  async #withLetter(id: string): Promise<Jobs<Principal>> {
    for (const jobs of this.#jobs) if ((await jobs.deadLetters.get(id)) !== undefined) return jobs;
    throw wireError("dead/unknown", `there is no dead letter ${id}`);
  }

  async #sum(count: (jobs: Jobs<Principal>) => Promise<number>): Promise<number> {
    const counts = await Promise.all(this.#jobs.map(count));
    return counts.reduce((sum, one) => sum + one, 0);
  }
}

function placeOf(after: string | undefined): readonly [index: number, sequence: number] {
  if (after === undefined) return [0, 0];
  const [, index, sequence] = /^(\d)\.(\d{1,15})$/.exec(after) ?? [];
  if (index === undefined) throw wireError("dead/unknown", `${after} is no dead letter's place`);
  return [Number(index), Number(sequence)];
}
