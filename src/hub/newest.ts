import type { Message } from "./store.js";

/** So many values of the key are told apart at once; then those are handed over. */
const KEYS_MAX = 1_000;
/** … or messages, with the values of their keys, of so many characters together. */
const SIZE_MAX = 1_048_576;

/** A log to read bounded batches from. */
export interface Backlog {
  read(after: number, until: number): Promise<readonly Message[]>;
}

/** What a part of a log comes down to for a subscriber. */
export interface Stretch {
  /** The offset up to which the messages at the beginning are gone; the one behind which it begins where none is. */
  readonly lostTo: number;
  /** What counts of the messages that follow, in the log's order. */
  readonly messages: readonly Message[];
  /** The part's last offset. */
  readonly readTo: number;
}

/** All messages of a bounded part behind `after`. */
export async function readAll(log: Backlog, after: number, until: number): Promise<Stretch> {
  const messages = await log.read(after, until);
  const last = messages.at(-1);
  return { lostTo: firstOffset(messages, until) - 1, messages, readTo: last === undefined ? until : last.offset };
}

/**
 * The newest message behind `after`, or the newest for each value of the payloads' member `key`: then of as long a part as
 * there is room for. Messages without the member count as one value.
 *
 * What is left out is not lost. With a key, messages that cannot be read are: one of them may have been its value's newest.
 */
export function readNewest(log: Backlog, range: NewestRange): Promise<Stretch> {
  return range.key === undefined ? newestOfAll(log, range) : newestOfEach(log, range, range.key);
}

export interface NewestRange {
  readonly after: number;
  readonly until: number;
  readonly key: string | undefined;
}

async function newestOfAll(log: Backlog, { after, until }: NewestRange): Promise<Stretch> {
  const messages = await log.read(until - 1, until);
  return { lostTo: messages.length === 0 ? until : after, messages, readTo: until };
}

async function newestOfEach(log: Backlog, { after, until }: NewestRange, key: string): Promise<Stretch> {
  const newest = new Map<string, Message>();
  let lostTo = after;
  let readTo = after;
  let size = 0;
  while (readTo < until && newest.size < KEYS_MAX && size < SIZE_MAX) {
    const batch = await log.read(readTo, until);
    const first = firstOffset(batch, until);
    if (first > readTo + 1) {
      // What is lost stands before the messages, so the next stretch begins with it.
      if (newest.size > 0) break;
      lostTo = first - 1;
      readTo = lostTo;
    }
    for (const message of batch) {
      const value = valueOf(message.payload, key);
      const replaced = newest.get(value);
      size += message.payload.length - (replaced === undefined ? -value.length : replaced.payload.length);
      // Behind all others, as it is in the log.
      newest.delete(value);
      newest.set(value, message);
      readTo = message.offset;
    }
  }
  return { lostTo, messages: [...newest.values()], readTo };
}

function firstOffset(messages: readonly Message[], until: number): number {
  return messages[0]?.offset ?? until + 1;
}

function valueOf(payload: string, key: string): string {
  const data: unknown = JSON.parse(payload);
  const isObject = typeof data === "object" && data !== null && Object.hasOwn(data, key);
  return isObject ? JSON.stringify(Reflect.get(data, key)) : "";
}
