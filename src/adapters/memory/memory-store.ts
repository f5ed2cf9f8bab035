import { assert, BusbarError } from "../../kernel/errors.js";
import type { Random } from "../../kernel/random.js";
import { randomHex } from "../../kernel/random-hex.js";
import type { Draft, LogHead, Message, ReadRange, Retention, Store } from "../../hub/store.js";
import { MemoryLog } from "./memory-log.js";

export interface MemoryStoreLimits {
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
};

export interface MemoryStoreOptions {
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
  readonly #limits: MemoryStoreLimits;
  readonly #open = new Map<string, MemoryLog>();
  /** Logs that nobody uses, those first that were released first. */
  readonly #released = new Map<string, MemoryLog>();
  readonly #epoch: string;
  /** Grows when a log is forgotten, so that no epoch is used for other messages again. */
  #generation = 0;
  #bytes = 0;

  constructor({ limits, random }: MemoryStoreOptions) {
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

  /** Rejects with `store/full` when `logsMax` logs are in use. */
  async open(channel: string, { keep }: Retention): Promise<LogHead> {
    assert(!this.#open.has(channel), `the log of ${channel} is not open yet`);
    const log = this.#take(channel) ?? this.#add(channel, keep);
    this.#open.set(channel, log);
    return { epoch: log.epoch, head: log.head };
  }

  async append(channel: string, drafts: readonly Draft[]): Promise<readonly Message[]> {
    const log = this.#openLog(channel);
    return drafts.map((draft) => this.#append(log, draft));
  }

  async read(channel: string, range: ReadRange): Promise<readonly Message[]> {
    return this.#openLog(channel).read(range);
  }

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

  #add(channel: string, keep: number): MemoryLog {
    if (this.logCount >= this.#limits.logsMax && !this.#forgetOne()) {
      const message = `${this.#limits.logsMax} channels are in use, which is as many as may be`;
      throw new BusbarError("store/full", message, { retryable: true });
    }
    return new MemoryLog(channel, `${this.#epoch}.${this.#generation}`, keep);
  }

  #append(log: MemoryLog, draft: Draft): Message {
    const before = log.bytes;
    const message = log.append(draft);
    while (log.bytes > this.#limits.logBytesMax) log.dropOldest();
    this.#bytes += log.bytes - before;
    while (this.#bytes > this.#limits.bytesMax) if (!this.#makeRoom(log)) break;
    return message;
  }

  /** Forget something; false when there is nothing to forget. */
  #makeRoom(log: MemoryLog): boolean {
    if (this.#forgetOne()) return true;
    const before = log.bytes;
    log.dropOldest();
    this.#bytes -= before - log.bytes;
    return log.bytes < before;
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
