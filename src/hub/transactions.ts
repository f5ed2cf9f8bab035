import { assert, BusbarError } from "../kernel/errors.js";
import { whenSettled } from "../kernel/when-settled.js";
import type { Published } from "./append-line.js";
import type { ChannelLog, Turn } from "./channel-log.js";
import type { Appended, Batch, Draft, Rider, Store, TransactionStore } from "./store.js";

/** Messages for one channel. */
export interface LogBatch {
  readonly channel: string;
  readonly log: ChannelLog;
  readonly drafts: readonly Draft[];
}

/** Where the messages of a batch are; undefined for a repeat from before the idempotence window. */
export type BatchPublished = readonly (Published | undefined)[];

/** Whether a store can append to several logs in one transaction. */
export function isTransactionStore(store: Store): store is TransactionStore {
  return "appendAll" in store;
}

interface Transaction {
  readonly batches: readonly LogBatch[];
  readonly rider: Rider | undefined;
  readonly turns: readonly Turn[];
}

/**
 * Appends to several logs of one store, all or nothing.
 *
 * One transaction after the other. Each stands in the lines of all its logs from its call on, so that of two transactions
 * the same one goes before on every log, and nobody waits for each other.
 */
export class Transactions {
  readonly #store: Store;
  /** Settles, never rejects, when the transaction that was begun last is over. */
  #last: Promise<void> = Promise.resolve();

  constructor(store: Store) {
    this.#store = store;
  }

  /**
   * Append the batches, each of another channel, and push them; write the rider with them. Resolves with an answer for
   * each batch.
   *
   * Rejects with `hub/no-transactions`, `hub/not-opened`, or with `hub/not-appended`, after which it is unknown whether
   * all of it was written, or nothing.
   */
  publishAll(batches: readonly LogBatch[], rider: Rider | undefined): Promise<readonly BatchPublished[]> {
    const store = this.#store;
    if (!isTransactionStore(store)) {
      const message = "the store cannot append to several channels at once";
      return Promise.reject(new BusbarError("hub/no-transactions", message));
    }
    // All of them now: what is published to one of these logs from here on comes behind this.
    const taking = Promise.allSettled(batches.map(({ log }) => log.takeTurn()));
    const published = this.#last.then(async () =>
      this.#publishAll(store, { batches, rider, turns: taken(await taking) }),
    );
    this.#last = whenSettled(published);
    return published;
  }

  async #publishAll(
    store: TransactionStore,
    { batches, rider, turns }: Transaction,
  ): Promise<readonly BatchPublished[]> {
    try {
      const outcomes = await store.appendAll(
        batches.map(({ channel, drafts }): Batch => ({ channel, drafts })),
        rider,
      );
      assert(outcomes.length === turns.length, "a store answers for every batch");
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- as many as there are turns
      return turns.map((turn, index) => turn.done(outcomes[index] as readonly Appended[]));
    } catch (cause) {
      for (const turn of turns) turn.failed(cause);
      const message = "the messages could not be written; whether they are in their logs is unknown";
      throw new BusbarError("hub/not-appended", message, { retryable: true, cause });
    }
  }
}

/** The turns of all logs; none where one of them cannot be had. */
function taken(settled: readonly PromiseSettledResult<Turn>[]): readonly Turn[] {
  const turns = settled.flatMap((turn) => (turn.status === "fulfilled" ? [turn.value] : []));
  const missing = settled.find((turn) => turn.status === "rejected");
  if (missing === undefined) return turns;
  for (const turn of turns) turn.done([]);
  throw missing.reason;
}
