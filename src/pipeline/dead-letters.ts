import type { ChannelMatch } from "../contract/contract.js";
import { validate } from "../contract/validation.js";
import { wireError } from "../wire/errors.js";
import type { DeadRange, Failure, Job, JobChange, JobStore } from "./job-store.js";
import type { JobLine } from "./job-runner.js";
import type { Stage } from "../wire/messages.js";
import { publisherOf } from "./publisher.js";

/** So many dead letters are listed at once. */
const deadListMax = 100;

/** So many dead letters are redriven or discarded with one call of the store. */
const CHANGED_AT_ONCE = 100;

/** A message whose processor failed for the last time. */
export interface DeadLetter {
  /** The message's id. */
  readonly id: string;
  readonly channel: string;
  /** Its queue: the pattern of its channel. */
  readonly queue: string;
  readonly key: string;
  readonly data: unknown;
  /** The publisher's principal id. */
  readonly from: string;
  /** When it was accepted, in milliseconds since 1970 UTC. */
  readonly at: number;
  readonly attempts: number;
  /** The first one and the newest ones, oldest first. */
  readonly failures: readonly Failure[];
  /** Goes into `after`, to list what is behind it. */
  readonly sequence: number;
}

export interface DeadLettersOptions {
  readonly store: JobStore;
  readonly match: (channel: string) => ChannelMatch | undefined;
  readonly note: (change: JobChange) => Promise<void>;
  readonly line: (pattern: string) => JobLine | undefined;
  /** Told when a dead letter waits again, or was thrown away. */
  readonly onChange: (job: Job, stage: Stage) => void;
}

/** The messages whose processors failed for the last time: they stay until somebody looks at them. */
export class DeadLetters {
  readonly #options: DeadLettersOptions;

  constructor(options: DeadLettersOptions) {
    this.#options = options;
  }

  /** Some of them, by their age: at most `deadListMax`, behind `after`. */
  async list({ after = 0, max = deadListMax, queue }: Partial<DeadRange> = {}): Promise<DeadLetter[]> {
    const jobs = await this.#options.store.dead({ queue, after, max: Math.min(max, deadListMax) });
    return jobs.map(letterOf);
  }

  /** Undefined where there is no dead letter with this id. */
  async get(id: string): Promise<DeadLetter | undefined> {
    const job = await this.#find(id);
    return job && letterOf(job);
  }

  /**
   * Process a dead letter once more, with its attempts begun anew; with another message where one is given.
   *
   * Rejects with `dead/unknown` where there is none with this id, or `message/invalid` where the message does not fit.
   */
  async redrive(id: string, change?: { readonly data: unknown }): Promise<void> {
    const job = await this.#need(id);
    const payload = change && (await this.#payloadOf(job, change.data));
    await this.#options.note({ kind: "redriven", sequence: job.sequence, payload });
    this.#revived(job);
  }

  /** Process all dead letters of a queue (of all queues, where none is named) once more; resolves with how many. */
  redriveAll(queue?: string): Promise<number> {
    return this.#each(queue, async (job) => {
      await this.#options.note({ kind: "redriven", sequence: job.sequence, payload: undefined });
      this.#revived(job);
    });
  }

  /** Throw a dead letter away. Rejects with `dead/unknown` where there is none with this id. */
  async discard(id: string): Promise<void> {
    await this.#discard(await this.#need(id));
  }

  /** Throw all dead letters of a queue (of all queues, where none is named) away; resolves with how many. */
  discardAll(queue?: string): Promise<number> {
    return this.#each(queue, (job) => this.#discard(job));
  }

  async #discard(job: Job): Promise<void> {
    const { line, note, onChange } = this.#options;
    await note({ kind: "ended", sequence: job.sequence, end: { kind: "discarded" }, of: job });
    if (line(job.queue)?.queue.discard(job.sequence) === true) onChange(job, { stage: "discarded" });
  }

  #revived(job: Job): void {
    const { line, onChange } = this.#options;
    if (line(job.queue)?.queue.revive(job.sequence) === true) onChange(job, { stage: "accepted" });
  }

  /** Do something to each dead letter that is there now. */
  async #each(queue: string | undefined, work: (job: Job) => Promise<void>): Promise<number> {
    let count = 0;
    let after = 0;
    for (;;) {
      const jobs = await this.#options.store.dead({ queue, after, max: CHANGED_AT_ONCE });
      const last = jobs.at(-1);
      if (last === undefined) break;
      after = last.sequence;
      await Promise.all(jobs.map(work));
      count += jobs.length;
    }
    return count;
  }

  async #payloadOf(job: Job, data: unknown): Promise<string> {
    const match = this.#options.match(job.channel);
    if (match === undefined) throw wireError("channel/unknown", `there is no channel ${job.channel} any more`);
    const validation = await validate(match.definition.message, data);
    if (!validation.isValid) throw wireError("message/invalid", validation.problem);
    return JSON.stringify(data);
  }

  async #need(id: string): Promise<Job> {
    const job = await this.#find(id);
    if (job === undefined) throw wireError("dead/unknown", `there is no dead letter ${id}`);
    return job;
  }

  async #find(id: string): Promise<Job | undefined> {
    const found = await this.#options.store.find(id);
    return found?.kind === "job" && found.job.state === "dead" ? found.job : undefined;
  }
}

function letterOf({ at, attempts, channel, failures, id, key, payload, principal, queue, sequence }: Job): DeadLetter {
  const from = publisherOf(principal);
  return { id, channel, queue, key, data: JSON.parse(payload), from, at, attempts, failures, sequence };
}
