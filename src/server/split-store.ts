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
    for (const durability of ["disk", "memory"] as const) {
      const own = batches.filter(({ channel }) => this.#inMemory.has(channel) === (durability === "memory"));
      const ownRider = rider?.durability === durability ? rider : undefined;
      if (own.length === 0 && ownRider === undefined) continue;
      const store = durability === "memory" ? this.#memory : this.#durable;
      if (!isTransactionStore(store)) {
        throw new BusbarError("hub/no-transactions", "the store cannot append to several channels at once");
      }
      const appended = await store.appendAll(own, ownRider);
      for (const [index, { channel }] of own.entries()) outcomes.set(channel, appended[index] ?? []);
    }
    return batches.map(({ channel }) => outcomes.get(channel) ?? []);
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
