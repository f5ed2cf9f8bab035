import { assert, BusbarError } from "../../kernel/errors.js";
import type { Random } from "../../kernel/random.js";
import { randomHex } from "../../kernel/random-hex.js";
import type { Clock } from "../../kernel/clock.js";
import type {
  Appended,
  Batch,
  Draft,
  LogOptions,
  Message,
  OpenedLog,
  Origin,
  ReadRange,
  Retention,
  Rider,
  TransactionStore,
} from "../../hub/store.js";
import { MemoryGroups } from "./memory-groups.js";
import { MemoryJobs } from "./memory-jobs.js";
import { MemoryLog } from "./memory-log.js";
import type { OriginWindowLimits } from "./origin-window.js";
import { ReleaseOrder } from "./release-order.js";

/** So many messages or origins are let go of with one call beside those that came, so that no call takes long. */
const TRIMMED_PER_CALL = 64;

export interface MemoryStoreLimits extends OriginWindowLimits {
  /** So many logs are kept in all, those that nobody uses included. Default: 100,000. */
  readonly logsMax: number;
  /** One log keeps about so many bytes of messages. Default: 16 MiB. */
  readonly logBytesMax: number;
  /** All logs together keep about so many bytes of messages and of remembered publishes. Default: 256 MiB. */
  readonly bytesMax: number;
  /** Queued messages take about so many bytes. Default: 256 MiB. */
  readonly jobBytesMax: number;
}

/** The one table of defaults. */
export const memoryStoreLimits: MemoryStoreLimits = {
  logsMax: 100_000,
  logBytesMax: 16 * 1024 * 1024,
  bytesMax: 256 * 1024 * 1024,
  jobBytesMax: 256 * 1024 * 1024,
  windowMs: 600_000,
  windowMessagesMax: 100_000,
};

export interface MemoryStoreOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly limits?: Partial<MemoryStoreLimits>;
}

/**
 * Keeps logs in this process's memory: as long as it lives, within the limits.
 *
 * Where there is no more room, the logs that have not been used for the longest time are forgotten whole, then the
 * oldest messages of the log that grows, then what it remembers of publishes. A forgotten log begins again in a new epoch.
 *
 * It keeps no members: a log is released when nobody is present on it, and nothing outlives the process.
 *
 * @example
 * const store = new MemoryStore({ clock, random });
 * const log = { durability: "memory", retention: { keep: 100, forMs: Infinity, bytesMax: Infinity } } as const;
 * const { epoch, head } = await store.open("chat/lobby", log);
 */
export class MemoryStore implements TransactionStore {
  /** The queued messages of the same process. */
  readonly jobs: MemoryJobs;
  readonly groups: MemoryGroups;
  readonly #clock: Clock;
  readonly #limits: MemoryStoreLimits;
  readonly #open = new Map<string, MemoryLog>();
  /** Logs that nobody uses. */
  readonly #released = new ReleaseOrder<MemoryLog>(({ channel }) => channel);
  readonly #epoch: string;
  /** Grows when a log is forgotten, so that no epoch is used for other messages again. */
  #generation = 0;
  #bytes = 0;
  #isClosed = false;

  constructor({ clock, limits, random }: MemoryStoreOptions) {
    this.#clock = clock;
    this.#limits = { ...memoryStoreLimits, ...limits };
    this.#epoch = randomHex(random, 8);
    this.jobs = new MemoryJobs(clock, this.#limits);
    this.groups = new MemoryGroups(() => this.#channelNames(), this.#limits.logsMax);
  }

  /** About how many bytes the messages of all logs take. */
  get bytes(): number {
    return this.#bytes;
  }

  /** How many logs there are, whether anybody uses them or not. */
  get logCount(): number {
    return this.#open.size + this.#released.size;
  }

  /** Rejects with `store/full` when `logsMax` logs are in use, and with `store/not-durable` for `disk`. */
  async open(channel: string, { durability, retention }: LogOptions): Promise<OpenedLog> {
    assert(!this.#isClosed, "the store is not closed yet");
    assert(!this.#open.has(channel), `the log of ${channel} is not open yet`);
    if (durability === "disk") {
      throw new BusbarError("store/not-durable", `the memory cannot keep ${channel} on disk`);
    }
    const log = this.#released.take(channel) ?? this.#add(channel, retention);
    log.retention = retention;
    this.#open.set(channel, log);
    this.#letGo(log, TRIMMED_PER_CALL);
    return { epoch: log.epoch, head: log.head, members: [] };
  }

  async append(channel: string, drafts: readonly Draft[]): Promise<readonly Appended[]> {
    return this.#appendBatch(channel, drafts);
  }

  async appendAll(batches: readonly Batch[], rider: Rider | undefined): Promise<readonly (readonly Appended[])[]> {
    // What can fail goes first: an open log takes every append.
    for (const { channel } of batches) this.#openLog(channel);
    rider?.write();
    return batches.map(({ channel, drafts }) => this.#appendBatch(channel, drafts));
  }

  async find(channel: string, origin: Pick<Origin, "producer" | "sequence">): Promise<number | undefined> {
    return this.#openLog(channel).find(origin);
  }

  async read(channel: string, range: ReadRange): Promise<readonly Message[]> {
    const log = this.#openLog(channel);
    this.#letGo(log, TRIMMED_PER_CALL);
    return log.read(range, this.#clock.wallTimeMs());
  }

  async present(channel: string): Promise<void> {
    this.#openLog(channel);
  }

  async release(channel: string): Promise<void> {
    const log = this.#openLog(channel);
    this.#open.delete(channel);
    // A log in which there never was anything can begin again as if it had gone on.
    if (log.head > 0) this.#released.add(log);
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.jobs.close();
    this.#open.clear();
    this.#released.clear();
    this.#bytes = 0;
  }

  #appendBatch(channel: string, drafts: readonly Draft[]): readonly Appended[] {
    const log = this.#openLog(channel);
    const appended = drafts.map((draft) => this.#append(log, draft));
    this.#letGo(log, drafts.length + TRIMMED_PER_CALL);
    return appended;
  }

  *#channelNames(): Generator<string> {
    for (const { channel, head } of this.#open.values()) if (head > 0) yield channel;
    for (const { channel } of this.#released.values()) yield channel;
  }

  #openLog(channel: string): MemoryLog {
    const log = this.#open.get(channel);
    assert(log !== undefined, `the log of ${channel} is open`);
    return log;
  }

  #add(channel: string, retention: Retention): MemoryLog {
    if (this.logCount >= this.#limits.logsMax && !this.#forgetOne()) {
      const message = `${this.#limits.logsMax} channels are in use, which is as many as may be`;
      throw new BusbarError("store/full", message, { retryable: true });
    }
    const epoch = `${this.#epoch}.${this.#generation}`;
    return new MemoryLog({ channel, epoch, retention, window: this.#limits });
  }

  #append(log: MemoryLog, draft: Draft): Appended {
    const { bytesMax, logBytesMax } = this.#limits;
    const appended = this.#changing(log, () => {
      const result = log.append(draft);
      while (log.messageBytes > logBytesMax) log.dropOldest();
      return result;
    });
    while (this.#bytes > bytesMax) if (!this.#makeRoom(log)) break;
    return appended;
  }

  #letGo(log: MemoryLog, stepsMax: number): void {
    this.#changing(log, () => log.letGo(this.#clock.wallTimeMs(), stepsMax));
  }

  /** Forget something; false when there is nothing to forget. */
  #makeRoom(log: MemoryLog): boolean {
    return this.#forgetOne() || this.#changing(log, () => log.dropOldest() || log.forgetOldestOrigin());
  }

  /** Do something to a log, and count what that does to the bytes of all. */
  #changing<Result>(log: MemoryLog, change: () => Result): Result {
    const before = log.bytes;
    const result = change();
    this.#bytes += log.bytes - before;
    return result;
  }

  /** Forget the log that was released first; false when all logs are in use. */
  #forgetOne(): boolean {
    const oldest = this.#released.takeOldest();
    if (oldest === undefined) return false;
    this.#bytes -= oldest.bytes;
    this.#generation++;
    return true;
  }
}
