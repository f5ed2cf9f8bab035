import type { Message } from "./store.js";

/** So many values of the key are told apart at once; then those are handed over. */
const KEYS_MAX = 1_000;
/** … or messages of so many characters together. */
const SIZE_MAX = 1_048_576;

/** A log to read bounded batches from. */
export interface Backlog {
  read(after: number, until: number): Promise<readonly Message[]>;
}

/** What counts of a backlog for whoever wants only the newest: the last message, or the last one of each key. */
export class Newest {
  /** How far the log was read. */
  readTo = 0;
  readonly #log: Backlog;
  readonly #key: string | undefined;

  /** @param key the payload's member that tells messages apart; those without it count as one. */
  constructor(log: Backlog, key: string | undefined) {
    this.#log = log;
    this.#key = key;
  }

  /** Read behind `after` up to `until`, or as far as there is room for; the messages are in the log's order. */
  async read(after: number, until: number): Promise<readonly Message[]> {
    this.readTo = until;
    if (this.#key === undefined) return this.#log.read(until - 1, until);
    return this.#newestOfEach(this.#key, after, until);
  }

  async #newestOfEach(key: string, after: number, until: number): Promise<readonly Message[]> {
    const newest = new Map<string, Message>();
    let at = after;
    let size = 0;
    while (at < until && newest.size < KEYS_MAX && size < SIZE_MAX) {
      const batch = await this.#log.read(at, until);
      at = batch.at(-1)?.offset ?? until;
      for (const message of batch) {
        const value = valueOf(message.payload, key);
        size += message.payload.length - (newest.get(value)?.payload.length ?? 0);
        // Behind all others, as it is in the log.
        newest.delete(value);
        newest.set(value, message);
      }
    }
    this.readTo = at;
    return [...newest.values()];
  }
}

function valueOf(payload: string, key: string): string {
  const data: unknown = JSON.parse(payload);
  const isObject = typeof data === "object" && data !== null && Object.hasOwn(data, key);
  return isObject ? JSON.stringify(Reflect.get(data, key)) : "";
}
