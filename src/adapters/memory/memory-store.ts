import { assert, BusbarError } from "../../kernel/errors.js";
import type { Random } from "../../kernel/random.js";
import { randomHex } from "../../kernel/random-hex.js";
import type { Clock } from "../../kernel/clock.js";
import type {
  Appended,
  Draft,
  LogOptions,
  Message,
  OpenedLog,
  Origin,
  ReadRange,
  Retention,
  Store,
} from "../../hub/store.js";
import { MemoryLog } from "./memory-log.js";
import type { OriginWindowLimits } from "./origin-window.js";

export interface MemoryStoreLimits extends OriginWindowLimits {
  /** So many logs are kept in all, those that nobody uses included. */
  readonly logsMax: number;
  /** One log keeps about so many bytes of messages. */
  readonly logBytesMax: number;
  /** All logs together keep about so many bytes of messages. */
  readonly bytesMax: number;
}

const memoryStoreLimits: MemoryStoreLimits = {
  logsMax: 100_000,
  logBytesMax: 16 * 1024 * 1024,
  bytesMax: 256 * 1024 * 1024,
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
 * oldest messages of the log that grows. A forgotten log begins again in a new epoch.
 */
export class MemoryStore implements Store {
  readonly #clock: Clock;
  readonly #limits: MemoryStoreLimits;
  readonly #open = new Map<string, MemoryLog>();
  /** Logs that nobody uses, those first that were released first. */
  readonly #released = new Map<string, MemoryLog>();
  readonly #epoch: string;
  /** Grows when a log is forgotten, so that no epoch is used for other messages again. */
  #generation = 0;
  #bytes = 0;

  constructor({ clock, limits, random }: MemoryStoreOptions) {
    this.#clock = clock;
    this.#limits = { ...memoryStoreLimits, ...limits };
    this.#epoch = randomHex(random, 8);
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
    assert(!this.#open.has(channel), `the log of ${channel} is not open yet`);
    if (durability === "disk") {
      throw new BusbarError("store/not-durable", `the memory cannot keep ${channel} on disk`);
    }
    const log = this.#take(channel) ?? this.#add(channel, retention);
    log.retention = retention;
    this.#open.set(channel, log);
    this.#changing(log, () => log.expire(this.#clock.wallTimeMs()));
    return { epoch: log.epoch, head: log.head, members: [] };
  }

  async append(channel: string, drafts: readonly Draft[]): Promise<readonly Appended[]> {
    const log = this.#openLog(channel);
    return drafts.map((draft) => this.#append(log, draft));
  }

  async find(channel: string, origin: Pick<Origin, "producer" | "sequence">): Promise<number | undefined> {
    return this.#openLog(channel).find(origin);
  }

  async read(channel: string, range: ReadRange): Promise<readonly Message[]> {
    return this.#openLog(channel).read(range, this.#clock.wallTimeMs());
  }

  /** Nobody is present on a log that was released, and nothing of the memory survives its process: nothing to do. */
  async present(): Promise<void> {}

  async release(channel: string): Promise<void> {
    const log = this.#openLog(channel);
    this.#open.delete(channel);
    // A log in which there never was anything can begin again as if it had gone on.
    if (log.head > 0) this.#released.set(channel, log);
  }

  async close(): Promise<void> {
    this.#open.clear();
    this.#released.clear();
    this.#bytes = 0;
  }

  #openLog(channel: string): MemoryLog {
    const log = this.#open.get(channel);
    assert(log !== undefined, `the log of ${channel} is open`);
    return log;
  }

  #take(channel: string): MemoryLog | undefined {
    const log = this.#released.get(channel);
    this.#released.delete(channel);
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
      log.expire(this.#clock.wallTimeMs());
      const result = log.append(draft);
      while (log.bytes > logBytesMax) log.dropOldest();
      return result;
    });
    while (this.#bytes > bytesMax) if (!this.#makeRoom(log)) break;
    return appended;
  }

  /** Forget something; false when there is nothing to forget. */
  #makeRoom(log: MemoryLog): boolean {
    return this.#forgetOne() || this.#changing(log, () => log.dropOldest());
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
    for (const [channel, log] of this.#released) {
      this.#released.delete(channel);
      this.#bytes -= log.bytes;
      this.#generation++;
      return true;
    }
    return false;
  }
}
