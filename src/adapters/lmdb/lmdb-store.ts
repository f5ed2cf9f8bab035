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
  StoredMember,
  TransactionStore,
} from "../../hub/store.js";
import type { Clock, Timer } from "../../kernel/clock.js";
import { assert } from "../../kernel/errors.js";
import { causeText } from "../../kernel/cause-text.js";
import type { Logger } from "../../kernel/logger.js";
import type { Random } from "../../kernel/random.js";
import { optionalDeferred } from "../../kernel/deferred.js";
import { Door } from "./door.js";
import { Environment, type Write } from "./environment.js";
import { lmdbLimits, type LmdbLimits } from "./lmdb-limits.js";
import { LmdbGroups } from "./lmdb-groups.js";
import { LmdbJobs } from "./lmdb-jobs.js";
import { LmdbLog } from "./lmdb-log.js";
import { ReadBatches } from "./read-batches.js";
import { isIntact, readJson } from "./records.js";

export interface LmdbStoreOptions {
  /** The folder; it is made where there is none, and belongs to one process at a time. */
  readonly path: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly limits?: Partial<LmdbLimits>;
}

/** What is too old in channels that nobody uses is looked for this often, in so many channels. */
const SWEEP_EVERY_MS = 10_000;
const SWEPT_CHANNELS_MAX = 32;

/**
 * The embedded store: logs in one LMDB environment, in a folder of one process.
 *
 * Appends are transactions, written and synced off the event loop; reading is by position, from memory-mapped pages. A
 * record that is damaged is reported and never given.
 */
export class LmdbStore implements TransactionStore {
  readonly jobs: LmdbJobs;
  readonly groups: LmdbGroups;
  readonly #options: LmdbStoreOptions;
  readonly #environment: Environment;
  readonly #limits: LmdbLimits;
  readonly #batches: ReadBatches;
  readonly #open = new Map<string, LmdbLog>();
  readonly #door = new Door();
  /** Channels that nobody uses and that are being trimmed. */
  readonly #sweeping = new Map<string, Promise<void>>();
  #sweep: Timer | undefined;
  /** The channel that was swept last. */
  #sweptTo: Buffer | undefined;

  private constructor(options: LmdbStoreOptions, environment: Environment) {
    this.#options = options;
    this.#environment = environment;
    this.#limits = { ...lmdbLimits, ...options.limits };
    this.#batches = new ReadBatches(this.#limits.readBatchesBytesMax, options.clock);
    const { clock, logger } = options;
    const door = this.#door;
    this.jobs = new LmdbJobs({ environment, clock, logger, door, limits: this.#limits });
    this.groups = new LmdbGroups({ environment, logger, door });
    this.#sweepLater();
  }

  /**
   * Open the store.
   *
   * Rejects with `store/lmdb-missing`, `store/unwritable`, `store/format`, `store/in-use` or `store/corrupt`.
   */
  static async open(options: LmdbStoreOptions): Promise<LmdbStore> {
    const environment = await Environment.open(options.path, options.random);
    try {
      return new LmdbStore(options, environment);
    } catch (error) {
      await environment.close();
      throw error;
    }
  }

  /** Rejects with `store/corrupt` where the channel's own record is damaged. */
  async open(channel: string, log: LogOptions): Promise<OpenedLog> {
    this.#door.assertOpen();
    assert(!this.#open.has(channel), `the log of ${channel} is not open yet`);
    await this.#sweeping.get(channel);
    const opened = this.#log(channel, log);
    this.#open.set(channel, opened);
    await this.#door.doing(opened.expire());
    return { epoch: this.#environment.epoch, head: opened.head, members: opened.members() };
  }

  /** Rejects with `store/full` or `store/failed`; then none of the drafts is in the log. */
  append(channel: string, drafts: readonly Draft[]): Promise<readonly Appended[]> {
    return this.#door.doing(this.#openLog(channel).append(drafts));
  }

  /** Rejects with `store/full` or `store/failed`; then nothing of it was written. */
  async appendAll(batches: readonly Batch[], rider: Rider | undefined): Promise<readonly (readonly Appended[])[]> {
    this.#door.assertOpen();
    return this.#door.doing(this.#appendAll(batches, rider));
  }

  async find(channel: string, origin: Pick<Origin, "producer" | "sequence">): Promise<number | undefined> {
    return this.#openLog(channel).find(origin);
  }

  async read(channel: string, range: ReadRange): Promise<readonly Message[]> {
    return this.#openLog(channel).read(range);
  }

  present(channel: string, member: string, state: Omit<StoredMember, "member"> | undefined): Promise<void> {
    return this.#door.doing(this.#openLog(channel).present(member, state));
  }

  async release(channel: string): Promise<void> {
    this.#openLog(channel);
    this.#open.delete(channel);
  }

  async close(): Promise<void> {
    this.#sweep?.cancel();
    this.#batches.forget();
    this.#open.clear();
    await this.#door.close();
    await this.#environment.close();
  }

  /** Each log takes its turn and says what it has to write; when all have, that is one transaction. */
  async #appendAll(batches: readonly Batch[], rider: Rider | undefined): Promise<readonly (readonly Appended[])[]> {
    const logs = batches.map(({ channel }) => this.#openLog(channel));
    const isFlushed = rider?.durability === "disk" || logs.some((log) => log.isFlushed);
    const committed = optionalDeferred<void>();
    const writes: Write[] = [];
    let missing = logs.length;
    const commit = (): void => {
      this.#environment.commit(isFlushed, writes, rider?.write).then(
        () => committed.resolve(),
        (error: unknown) => committed.reject(error),
      );
    };
    const appended = logs.map((log, index) => {
      return log.append(batches[index]?.drafts ?? [], (own) => {
        writes.push(...own);
        if (--missing === 0) commit();
        return committed.promise;
      });
    });
    if (missing === 0) commit();
    try {
      const [outcomes] = await Promise.all([Promise.all(appended), committed.promise]);
      return outcomes;
    } catch (error) {
      // Where one could not say what it has to write, the others are let go.
      committed.reject(error);
      throw error;
    }
  }

  #log(channel: string, log: LogOptions): LmdbLog {
    const { clock, logger } = this.#options;
    const common = { environment: this.#environment, clock, logger, limits: this.#limits, batches: this.#batches };
    return new LmdbLog({ ...common, channel, log });
  }

  #openLog(channel: string): LmdbLog {
    const log = this.#open.get(channel);
    assert(log !== undefined, `the log of ${channel} is open`);
    return log;
  }

  #sweepLater(): void {
    this.#sweep = this.#options.clock.schedule(SWEEP_EVERY_MS, () => {
      this.#door.doing(this.#sweepSome()).catch((error: unknown) => {
        this.#options.logger.error("store/not-swept", { cause: causeText(error) });
      });
      this.#sweepLater();
    });
  }

  /** Let go of what is too old in the next channels that nobody uses. */
  async #sweepSome(): Promise<void> {
    const start = this.#sweptTo;
    const range = { ...(start !== undefined && { start }), limit: SWEPT_CHANNELS_MAX + 1 };
    const channels = [...this.#environment.channels.getRange(range)].filter(({ key }) => start?.equals(key) !== true);
    this.#sweptTo = channels.length === 0 ? undefined : channels.at(-1)?.key;
    for (const { key, value } of channels) {
      const channel = key.toString();
      const retention = retentionOf(key, value);
      if (retention === undefined || this.#open.has(channel)) continue;
      const swept = this.#log(channel, { retention, durability: "disk" }).expire();
      this.#sweeping.set(channel, swept);
      await swept.finally(() => this.#sweeping.delete(channel));
    }
  }
}

/** The retention that a channel had when it was written last. */
function retentionOf(key: Buffer, value: Buffer): LogOptions["retention"] | undefined {
  const state: unknown = isIntact(key, value) ? readJson(value) : undefined;
  if (typeof state !== "object" || state === null || !("retention" in state)) return undefined;
  const { retention } = state;
  if (typeof retention !== "object" || retention === null || !("keep" in retention)) return undefined;
  const bound = (name: keyof LogOptions["retention"]): number => {
    const number: unknown = Reflect.get(retention, name);
    return typeof number === "number" ? number : Number.POSITIVE_INFINITY;
  };
  return { keep: bound("keep"), forMs: bound("forMs"), bytesMax: bound("bytesMax") };
}
