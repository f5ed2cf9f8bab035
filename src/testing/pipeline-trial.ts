import type { Draft, Durability, LogOptions, Message, Origin, TransactionStore } from "../hub/store.js";
import type { GroupStore } from "../pipeline/group-store.js";
import type { Job, JobAccepted, JobChange, JobDraft, JobEnd, JobHead, JobStore } from "../pipeline/job-store.js";
import { expectThat } from "./expectation.js";
import type { SeededRandom } from "./seeded-random.js";
import { trialWindow, type StoreSurroundings } from "./store-trial.js";
import { VirtualClock } from "./virtual-clock.js";

/** A store that keeps queued messages and groups beside its logs. */
export interface PipelineStore extends TransactionStore {
  readonly jobs: JobStore;
  readonly groups: GroupStore;
}

/** Where the store of one case keeps what it keeps: see `StorePlace`. */
export interface PipelinePlace {
  /** Open the store. It is called again, with the same surroundings, after that store was closed. */
  open(surroundings: StoreSurroundings): Promise<PipelineStore>;
  /** Called at the end of the case, when the store is closed. */
  remove?(): Promise<void>;
}

/** A case before it is bound to a store. */
export interface PipelineCase {
  readonly name: string;
  readonly run: (trial: PipelineTrial) => Promise<void>;
}

export interface PipelineTrialOptions {
  readonly place: PipelinePlace;
  readonly random: SeededRandom;
  /** What logs are opened with. */
  readonly durability: Durability;
}

/** The end that most cases give a message. */
export const delivered: JobEnd = { kind: "delivered" };

/** One case on its way: a store, its clock, and short ways to use it. */
export class PipelineTrial {
  readonly clock: VirtualClock = new VirtualClock();
  readonly #options: PipelineTrialOptions;
  #store: PipelineStore | undefined;

  constructor(options: PipelineTrialOptions) {
    this.#options = options;
  }

  /** The store under trial, which is open from `begin` to `end`. */
  get store(): PipelineStore {
    expectThat(this.#store !== undefined, "the store was opened");
    return this.#store;
  }

  get jobs(): JobStore {
    return this.store.jobs;
  }

  get groups(): GroupStore {
    return this.store.groups;
  }

  /** What the clock shows, in milliseconds since 1970 UTC. */
  get time(): number {
    return this.clock.wallTimeMs();
  }

  async begin(): Promise<void> {
    const { place, random } = this.#options;
    this.#store = await place.open({ clock: this.clock, random, limits: trialWindow });
  }

  /** Close the store, if it is not closed yet. */
  async end(): Promise<void> {
    const store = this.#store;
    this.#store = undefined;
    await store?.close();
  }

  /** Close the store, and open the one of the same place. */
  async reopen(): Promise<void> {
    await this.end();
    await this.begin();
  }

  /** A message on its way into the queue `q`, but for what is said. */
  jobDraft(id: string, fields: Partial<JobDraft> = {}): JobDraft {
    const origin = { producer: id, sequence: 1 };
    const message = { id, queue: "q", channel: "a", key: "k", payload: `"${id}"`, principal: '{"id":"ada"}', origin };
    return { ...message, at: this.time, dueAt: undefined, firstSentAt: undefined, ...fields };
  }

  /** Accept messages in one call, each for the first time; gives their heads. */
  async accept(...drafts: readonly (string | JobDraft)[]): Promise<readonly JobHead[]> {
    const answers = await this.jobs.accept(drafts.map((one) => (typeof one === "string" ? this.jobDraft(one) : one)));
    expectThat(answers.length === drafts.length, `${drafts.length} drafts have as many answers, not ${answers.length}`);
    return answers.map(headIn);
  }

  /** What becomes of one more draft. */
  async acceptAgain(id: string, fields: Partial<JobDraft> = {}): Promise<string> {
    const [answer] = await this.jobs.accept([this.jobDraft(id, fields)]);
    expectThat(answer !== undefined, "a draft has an answer");
    return answer.kind;
  }

  /** The change that a job is over. */
  ended({ sequence }: JobHead, id: string, end: JobEnd = delivered): JobChange {
    const { channel, origin, principal } = this.jobDraft(id);
    return { kind: "ended", sequence, end, of: { id, channel, origin, principal } };
  }

  /** The change that an attempt failed, or that it was the last. */
  failed(kind: "failed" | "dead", { sequence }: JobHead, attempt = 1): JobChange {
    const failure = { attempt, at: this.time, error: `no ${attempt}` };
    return kind === "dead" ? { kind, sequence, failure } : { kind, sequence, failure, dueAt: this.time + attempt };
  }

  /** A job that is there. */
  async job({ sequence }: JobHead): Promise<Job> {
    const [job] = await this.jobs.read([sequence]);
    expectThat(job !== undefined, `the message at place ${sequence} is there`);
    return job;
  }

  /** The ids of all jobs, in their order. */
  async ids(): Promise<readonly string[]> {
    return (await this.jobs.heads(0, 1_000)).map(({ id }) => id);
  }

  /** Open logs that keep everything. */
  async open(...channels: readonly string[]): Promise<void> {
    const retention = { keep: 100_000, forMs: Infinity, bytesMax: Infinity };
    const options: LogOptions = { durability: this.#options.durability, retention };
    for (const channel of channels) await this.store.open(channel, options);
  }

  /** A draft of now, for a log. */
  draft(payload: string, origin?: Origin): Draft {
    return { payload, from: "ada", at: this.time, origin };
  }

  read(channel: string): Promise<readonly Message[]> {
    return this.store.read(channel, { after: 0, until: 1_000_000, messagesMax: 1_000_000, bytesMax: 1e12 });
  }

  /** The payloads of all messages of a log. */
  async payloads(channel: string): Promise<readonly string[]> {
    return (await this.read(channel)).map(({ payload }) => payload);
  }
}

function headIn(answer: JobAccepted): JobHead {
  expectThat(answer.kind === "accepted", `a new message is accepted; it was ${answer.kind}`);
  return answer.head;
}
