import type { Draft, Durability, Message, OpenedLog, Origin, ReadRange, Retention, Store } from "../hub/store.js";
import { expectThat } from "./expectation.js";
import type { SeededRandom } from "./seeded-random.js";
import { VirtualClock } from "./virtual-clock.js";

/** The bounds of the idempotence window in every case. */
export const trialWindow = { windowMs: 100_000, windowMessagesMax: 50 } as const;

/** What a store is opened with. */
export interface StoreSurroundings {
  /** The only time there is: it goes on when a case says so. */
  readonly clock: VirtualClock;
  readonly random: SeededRandom;
  /** The idempotence window: so long, in milliseconds, or so many messages of a channel. */
  readonly limits: { readonly windowMs: number; readonly windowMessagesMax: number };
}

/** Where the store of one case keeps what it keeps: a folder, a database, or nothing more than the object itself. */
export interface StorePlace {
  /** Open the store. It is called again, with the same surroundings, after that store was closed. */
  open(surroundings: StoreSurroundings): Promise<Store>;
  /** How many records the store has read, written or removed so far, where that is counted: see `hasStepCount`. */
  stepCount?(): number;
  /** Called at the end of the case, when the store is closed. */
  remove?(): Promise<void>;
}

/** A case before it is bound to a store. */
export interface StoreCase {
  readonly name: string;
  readonly run: (trial: StoreTrial) => Promise<void>;
}

export interface StoreTrialOptions {
  readonly place: StorePlace;
  readonly random: SeededRandom;
  readonly durability: Durability;
}

/** One case on its way: a store, its clock, and short ways to use it. */
export class StoreTrial {
  readonly clock: VirtualClock = new VirtualClock();
  readonly durability: Durability;
  readonly #options: StoreTrialOptions;
  #store: Store | undefined;

  constructor(options: StoreTrialOptions) {
    this.#options = options;
    this.durability = options.durability;
  }

  /** The store under trial, which is open from `begin` to `end`. */
  get store(): Store {
    expectThat(this.#store !== undefined, "the store was opened");
    return this.#store;
  }

  /** What the clock shows, in milliseconds since 1970 UTC. */
  get time(): number {
    return this.clock.wallTimeMs();
  }

  /** How many records the store has touched so far; undefined where it does not say. */
  get stepCount(): number | undefined {
    return this.#options.place.stepCount?.();
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

  /** Open a log that keeps everything, but for what is said. */
  async open(channel: string, retention: Partial<Retention> = {}): Promise<OpenedLog> {
    const everything: Retention = { keep: 100_000, forMs: Infinity, bytesMax: Infinity };
    return this.store.open(channel, { durability: this.durability, retention: { ...everything, ...retention } });
  }

  /** A draft of now. */
  draft(payload: string, origin?: Origin): Draft {
    return { payload, from: "ada", at: this.time, origin };
  }

  /** Append payloads in one batch; gives the messages. */
  async append(channel: string, ...payloads: readonly string[]): Promise<readonly Message[]> {
    const drafts = payloads.map((payload) => this.draft(payload));
    const outcomes = await this.store.append(channel, drafts);
    expectThat(
      outcomes.length === drafts.length,
      `${drafts.length} drafts have as many answers, not ${outcomes.length}`,
    );
    return outcomes.map((outcome) => {
      expectThat(outcome.kind === "appended", `a draft without an origin is appended; it was ${outcome.kind}`);
      return outcome.message;
    });
  }

  /** Append one draft with an origin; gives what became of it, with the offset where there is one. */
  async publish(channel: string, origin: Origin): Promise<string> {
    const [outcome] = await this.store.append(channel, [this.draft('"published"', origin)]);
    expectThat(outcome !== undefined, "a draft has an answer");
    switch (outcome.kind) {
      case "appended":
        return `appended ${outcome.message.offset}`;
      case "repeat":
        return `repeat ${outcome.offset}`;
      case "unknown":
        return "unknown";
    }
  }

  read(channel: string, range: Partial<ReadRange>): Promise<readonly Message[]> {
    return this.store.read(channel, { after: 0, until: 1_000_000, messagesMax: 1_000_000, bytesMax: 1e12, ...range });
  }

  /** The offsets of everything that can be read up to the head. */
  async offsets(channel: string, head: number): Promise<readonly number[]> {
    return (await this.read(channel, { until: head })).map(({ offset }) => offset);
  }
}

/** The whole numbers from one to the other. */
export function numbers(from: number, to: number): readonly number[] {
  return Array.from({ length: Math.max(0, to - from + 1) }, (_, index) => from + index);
}

/** A publish of the producer `p`; a repeat where it says when it was first sent. */
export function originOf(sequence: number, firstSentAt?: number): Origin {
  return { producer: "p", sequence, firstSentAt };
}
