import type { Appended, Draft, LogOptions, Message, Origin, ReadRange, StoredMember } from "../../hub/store.js";
import type { Clock } from "../../kernel/clock.js";
import { BusbarError } from "../../kernel/errors.js";
import type { Logger } from "../../kernel/logger.js";
import { whenSettled } from "../../kernel/when-settled.js";
import type { Environment, Write } from "./environment.js";
import type { OriginLimits } from "./origin-limits.js";
import type { ReadBatches } from "./read-batches.js";
import {
  endKey,
  isIntact,
  jsonRecord,
  messageRecord,
  nameKey,
  nameOf,
  offsetKey,
  offsetOf,
  originRecord,
  readJson,
  readMessage,
  readOrigin,
  readWindow,
  windowRecord,
} from "./records.js";

/** A repeat may have been under way this long since its sender said how old it is. */
const TRAVEL_MS_MAX = 60_000;

/** So many messages or origins go with one call beside those that came, so that no call takes long. */
const TRIMMED_PER_CALL = 64;

export interface LmdbLogOptions {
  readonly environment: Environment;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly limits: OriginLimits;
  /** What was read lately of all channels. */
  readonly batches: ReadBatches;
  readonly channel: string;
  readonly log: LogOptions;
}

/** What is kept of a channel beside its messages. */
interface State {
  /** Stands for the channel in keys. */
  readonly number: number;
  readonly head: number;
  /** The offset of the oldest message that is kept. */
  readonly oldest: number;
  readonly payloadBytes: number;
  readonly latestAt: number;
  readonly windowCount: number;
  /** When the newest publish was made that is not remembered any more. */
  readonly forgottenAt: number;
}

/** What a call is about to write, and the state behind it. */
interface Change {
  readonly next: { -readonly [Name in keyof State]: State[Name] };
  readonly writes: Write[];
}

/** Messages that were read, and their records' size. */
interface Read {
  readonly messages: readonly Message[];
  readonly bytes: number;
}

/** Writes all of this, or nothing; resolves when it is as durable as it has to be. */
export type Commit = (writes: readonly Write[]) => Promise<void>;

/** One channel's log on disk while it is open. */
export class LmdbLog {
  readonly #options: LmdbLogOptions;
  readonly #key: Buffer;
  #state: State;
  /** Whether the store has a record of the channel. */
  #isKnown: boolean;
  /** The last write, which the next one waits for. It never rejects. */
  #lastWrite: Promise<void> = Promise.resolve();

  /** @throws BusbarError `store/corrupt` where the channel's own record is damaged. */
  constructor(options: LmdbLogOptions) {
    this.#options = options;
    this.#key = Buffer.from(options.channel);
    const known = this.#readState();
    this.#isKnown = known !== undefined;
    this.#state = known ?? newState(options.environment.takeNumber());
  }

  /** Whether an append is done only when an fsync has covered it. */
  get isFlushed(): boolean {
    return this.#options.log.durability === "disk";
  }

  get head(): number {
    return this.#state.head;
  }

  members(): StoredMember[] {
    const { environment } = this.#options;
    const { number } = this.#state;
    const members: StoredMember[] = [];
    for (const { key, value } of environment.members.getRange({ start: nameKey(number, ""), end: endKey(number) })) {
      const member: unknown = isIntact(key, value) ? readJson(value) : undefined;
      if (isMember(member)) members.push({ member: nameOf(key), id: member.id, state: member.state });
      else this.#report("a member", nameOf(key));
    }
    return members;
  }

  present(member: string, state: Omit<StoredMember, "member"> | undefined): Promise<void> {
    return this.#inOrder(async () => {
      const { members } = this.#options.environment;
      const change = this.#change();
      const key = nameKey(change.next.number, member);
      change.writes.push(state === undefined ? [members, key] : [members, key, jsonRecord(key, state)]);
      await this.#commit(change, false);
    });
  }

  /** @param commit writes all of this, or nothing; the environment's, where nothing else is written with it */
  append(drafts: readonly Draft[], commit?: Commit): Promise<readonly Appended[]> {
    return this.#inOrder(async () => {
      const change = this.#change();
      const inBatch = new Map<string, number>();
      const outcomes = drafts.map((draft) => this.#appendOne(draft, change, inBatch));
      this.#trim(change, drafts.length + TRIMMED_PER_CALL);
      this.#forget(change, drafts.length + TRIMMED_PER_CALL);
      await this.#commit(change, this.isFlushed, commit);
      return outcomes;
    });
  }

  find(origin: Pick<Origin, "producer" | "sequence">): number | undefined {
    const key = nameKey(this.#state.number, originName(origin));
    const record = this.#options.environment.origins.getBinary(key);
    if (record === undefined) return undefined;
    if (isIntact(key, record)) return readOrigin(record).offset;
    this.#report("an origin", originName(origin));
    return undefined;
  }

  /** What others have read lately is not read once more, as long as it is in retention. */
  read({ after, bytesMax, messagesMax, until: last }: ReadRange): readonly Message[] {
    const { batches } = this.#options;
    const { head, number: channelNumber } = this.#state;
    const limits = { channelNumber, bytesMax, messagesMax, until: Math.min(last, head) };
    const known = batches.find({ ...limits, first: Math.max(after + 1, this.#firstKept()) });
    if (known?.[0] !== undefined && known[0].at >= this.#oldestAt()) return known;
    const { bytes, messages } = this.#readFrom(Math.max(after + 1, this.#firstFresh()), limits);
    // Whoever wants only one message looks for the beginning of what is kept.
    if (messages.length > 0 && messagesMax > 1) batches.add({ ...limits, messages, bytes });
    return messages;
  }

  #readFrom(first: number, { bytesMax, messagesMax, until }: Omit<ReadRange, "after">): Read {
    const { channel, environment } = this.#options;
    const { number } = this.#state;
    const messages: Message[] = [];
    let bytes = 0;
    const range = { start: offsetKey(number, first), end: offsetKey(number, until + 1) };
    for (const { key, value } of environment.messages.getRange(range)) {
      const offset = offsetOf(key);
      const last = messages.at(-1);
      if (last !== undefined && offset !== last.offset + 1) break;
      if (!isIntact(key, value)) {
        this.#report("a message", offset);
        if (last !== undefined) break;
        continue;
      }
      const message: Message = { channel, offset, ...readMessage(value) };
      messages.push(message);
      bytes += value.length;
      if (messages.length === messagesMax || bytes >= bytesMax) break;
    }
    return { messages, bytes };
  }

  /** Let go of what is out of retention or of the window, of a bounded number of each. */
  expire(): Promise<void> {
    return this.#inOrder(async () => {
      const change = this.#change();
      this.#trim(change, TRIMMED_PER_CALL);
      this.#forget(change, TRIMMED_PER_CALL);
      if (change.writes.length > 0) await this.#commit(change, false);
    });
  }

  /** Begin when all writes before are done: each builds on what they left. */
  #inOrder<Value>(work: () => Promise<Value>): Promise<Value> {
    const done = this.#lastWrite.then(work);
    this.#lastWrite = whenSettled(done);
    return done;
  }

  #change(): Change {
    return { next: { ...this.#state }, writes: [] };
  }

  async #commit({ next, writes }: Change, isFlushed: boolean, commit?: Commit): Promise<void> {
    const { environment } = this.#options;
    if (!this.#isKnown) writes.push(environment.numbersWrite);
    writes.push(this.#stateWrite(next));
    await (commit === undefined ? environment.commit(isFlushed, writes) : commit(writes));
    this.#isKnown = true;
    this.#state = next;
  }

  #appendOne(draft: Draft, { next, writes }: Change, inBatch: Map<string, number>): Appended {
    const { channel, environment, log } = this.#options;
    const { from, origin, payload } = draft;
    const name = origin && originName(origin);
    const known = origin && name !== undefined ? (inBatch.get(name) ?? this.find(origin)) : undefined;
    if (known !== undefined) return { kind: "repeat", offset: known };
    const sentAt = origin?.firstSentAt;
    if (sentAt !== undefined && sentAt - TRAVEL_MS_MAX <= next.forgottenAt) return { kind: "unknown" };
    const offset = ++next.head;
    const at = Math.max(draft.at, next.latestAt);
    next.latestAt = at;
    const message: Message = { channel, offset, payload, from, at };
    const key = offsetKey(next.number, offset);
    if (log.retention.keep > 0) {
      const record = messageRecord(key, message);
      writes.push([environment.messages, key, record]);
      next.payloadBytes += record.length;
    } else next.oldest = offset + 1;
    if (name !== undefined) {
      const originKey = nameKey(next.number, name);
      inBatch.set(name, offset);
      writes.push([environment.origins, originKey, originRecord(originKey, { offset, at })]);
      writes.push([environment.window, key, windowRecord(key, at, name)]);
      next.windowCount++;
    }
    return { kind: "appended", message };
  }

  /** Remove the oldest messages that are out of retention, at most `steps`. What this change adds is looked at later. */
  #trim({ next, writes }: Change, steps: number): void {
    const { environment, log } = this.#options;
    const { bytesMax, keep } = log.retention;
    const oldestAt = this.#oldestAt();
    for (let step = 0; step < steps && next.oldest <= this.#state.head; step++) {
      const key = offsetKey(next.number, next.oldest);
      const record = environment.messages.getBinary(key);
      const isTooMany = next.head - next.oldest + 1 > keep || (next.payloadBytes > bytesMax && next.oldest < next.head);
      if (record !== undefined && !isTooMany && !this.#isOlder(key, record, oldestAt)) return;
      writes.push([environment.messages, key]);
      next.payloadBytes -= record?.length ?? 0;
      next.oldest++;
    }
  }

  /** Whether a message is older than this; one that is damaged is no use to anybody either. */
  #isOlder(key: Buffer, record: Buffer, at: number): boolean {
    return at > Number.NEGATIVE_INFINITY && (!isIntact(key, record) || readMessage(record).at < at);
  }

  /** Forget origins that are out of the window, at most `steps`. */
  #forget({ next, writes }: Change, steps: number): void {
    const { clock, environment, limits } = this.#options;
    const { number } = next;
    const before = clock.wallTimeMs() - limits.windowMs;
    const range = { start: offsetKey(number, 0), end: endKey(number), limit: steps };
    for (const { key, value } of environment.window.getRange(range)) {
      const entry = isIntact(key, value) ? readWindow(value) : undefined;
      if (entry !== undefined && next.windowCount <= limits.windowMessagesMax && entry.at >= before) return;
      writes.push([environment.window, key]);
      if (entry !== undefined) writes.push([environment.origins, nameKey(number, entry.originName)]);
      else this.#report("an origin", offsetOf(key));
      next.windowCount--;
      next.forgottenAt = Math.max(next.forgottenAt, entry?.at ?? next.latestAt);
    }
  }

  /** The offset of the oldest message that is neither gone nor one too many. */
  #firstKept(): number {
    const { head, oldest } = this.#state;
    return Math.max(oldest, head - this.#options.log.retention.keep + 1);
  }

  /** What was published before is too old. */
  #oldestAt(): number {
    const { clock, log } = this.#options;
    return clock.wallTimeMs() - log.retention.forMs;
  }

  /** The offset of the oldest message that is in retention: times rise with the offsets. */
  #firstFresh(): number {
    const oldestAt = this.#oldestAt();
    let low = this.#firstKept();
    if (oldestAt === Number.NEGATIVE_INFINITY) return low;
    let high = this.#state.head + 1;
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      if (this.#atOf(middle) < oldestAt) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #atOf(offset: number): number {
    const record = this.#options.environment.messages.getBinary(offsetKey(this.#state.number, offset));
    return record === undefined ? Number.NEGATIVE_INFINITY : readMessage(record).at;
  }

  #stateWrite(state: State): Write {
    const { environment, log } = this.#options;
    // With the retention, so that a sweep can do without the contract. JSON has no Infinity: null stands for it.
    return [environment.channels, this.#key, jsonRecord(this.#key, { ...state, retention: log.retention })];
  }

  #readState(): State | undefined {
    const record = this.#options.environment.channels.getBinary(this.#key);
    if (record === undefined) return undefined;
    const state: unknown = isIntact(this.#key, record) ? readJson(record) : undefined;
    if (isState(state)) return { ...state, forgottenAt: state.forgottenAt ?? Number.NEGATIVE_INFINITY };
    throw new BusbarError("store/corrupt", `the record of the channel ${this.#options.channel} is damaged`);
  }

  #report(what: string, which: string | number): void {
    this.#options.logger.error("store/corrupt", { channel: this.#options.channel, what, which });
  }
}

function newState(number: number): State {
  return {
    number,
    head: 0,
    oldest: 1,
    payloadBytes: 0,
    latestAt: 0,
    windowCount: 0,
    forgottenAt: Number.NEGATIVE_INFINITY,
  };
}

function originName({ producer, sequence }: Pick<Origin, "producer" | "sequence">): string {
  return `${producer}:${sequence}`;
}

function isState(value: unknown): value is State {
  return typeof value === "object" && value !== null && "number" in value && "head" in value && "oldest" in value;
}

function isMember(value: unknown): value is Omit<StoredMember, "member"> {
  return typeof value === "object" && value !== null && "id" in value && "state" in value;
}
