import type {
  Appended,
  Batch,
  Draft,
  LogOptions,
  Message,
  OpenedLog,
  Origin,
  ReadRange,
  Rider,
  Store,
  StoredMember,
  TransactionStore,
} from "../hub/store.js";
import { isTransactionStore } from "../hub/transactions.js";
import { BusbarError } from "../kernel/errors.js";

/** A store's part of a transaction. */
interface Share {
  readonly store: TransactionStore;
  readonly own: readonly Batch[];
  readonly ownRider: Rider | undefined;
}

/** Two stores as one: a log that asks for no more than the memory lives there, every other one in the other. */
export class SplitStore implements TransactionStore {
  readonly #memory: Store;
  readonly #durable: Store;
  /** The logs that are open in the memory. */
  readonly #inMemory = new Set<string>();

  constructor(memory: Store, durable: Store) {
    this.#memory = memory;
    this.#durable = durable;
  }

  async open(channel: string, options: LogOptions): Promise<OpenedLog> {
    if (options.durability === "disk") return this.#durable.open(channel, options);
    const opened = await this.#memory.open(channel, options);
    this.#inMemory.add(channel);
    return opened;
  }

  append(channel: string, drafts: readonly Draft[]): Promise<readonly Appended[]> {
    return this.#storeOf(channel).append(channel, drafts);
  }

  /** What is on disk goes first: an open log in memory takes every append, and a rider's changes. */
  async appendAll(batches: readonly Batch[], rider: Rider | undefined): Promise<readonly (readonly Appended[])[]> {
    const outcomes = new Map<string, readonly Appended[]>();
    for (const { own, ownRider, store } of this.#shares(batches, rider)) {
      const appended = await store.appendAll(own, ownRider);
      for (const [index, { channel }] of own.entries()) outcomes.set(channel, appended[index] ?? []);
    }
    return batches.map(({ channel }) => outcomes.get(channel) ?? []);
  }

  /** What each store has to write, where it has anything; nothing is written where one of them cannot. */
  #shares(batches: readonly Batch[], rider: Rider | undefined): readonly Share[] {
    return (["disk", "memory"] as const).flatMap((durability): Share[] => {
      const own = batches.filter(({ channel }) => this.#inMemory.has(channel) === (durability === "memory"));
      const ownRider = rider?.durability === durability ? rider : undefined;
      if (own.length === 0 && ownRider === undefined) return [];
      const store = durability === "memory" ? this.#memory : this.#durable;
      if (isTransactionStore(store)) return [{ store, own, ownRider }];
      throw new BusbarError("hub/no-transactions", "the store cannot append to several channels at once");
    });
  }

  find(channel: string, origin: Pick<Origin, "producer" | "sequence">): Promise<number | undefined> {
    return this.#storeOf(channel).find(channel, origin);
  }

  read(channel: string, range: ReadRange): Promise<readonly Message[]> {
    return this.#storeOf(channel).read(channel, range);
  }

  present(channel: string, member: string, state: Omit<StoredMember, "member"> | undefined): Promise<void> {
    return this.#storeOf(channel).present(channel, member, state);
  }

  release(channel: string): Promise<void> {
    const store = this.#storeOf(channel);
    this.#inMemory.delete(channel);
    return store.release(channel);
  }

  async close(): Promise<void> {
    await Promise.all([this.#memory.close(), this.#durable.close()]);
  }

  #storeOf(channel: string): Store {
    return this.#inMemory.has(channel) ? this.#memory : this.#durable;
  }
}
