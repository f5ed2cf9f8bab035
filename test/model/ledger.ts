import type { Draft, Message, Origin, Retention } from "../../src/hub/store.js";
import type { Position } from "../../src/wire/messages.js";

/** One message that is in a log, whether its publisher heard of it or not. */
interface Entry {
  readonly payload: string;
  /** Counts the publishes in the order of their calls; a repeat has the number of the first time. */
  readonly number: number;
  readonly key: unknown;
  readonly at: number;
}

/** One epoch of a channel's log. */
interface Log {
  readonly entries: Entry[];
  readonly origins: Set<string>;
  /** The newest offset that the store has told the hub of: nobody may see more. */
  told: number;
}

/** What went wrong, for people: fast-check prints it with the steps that led there. */
function fail(what: string): never {
  throw new Error(what);
}

export function check(condition: boolean, what: string): asserts condition {
  if (!condition) fail(what);
}

/** Who publishes what a backup brings back. */
export const BACKUP = "backup";

export function payloadOf(number: number): string {
  return JSON.stringify(number % 5 === 0 ? { number } : { number, key: number % 3 });
}

function originText({ producer, sequence }: Origin): string {
  return `${producer}:${sequence}`;
}

/** The truth: all that ever was in the channel's logs, epoch by epoch. */
export class Ledger {
  readonly #logs = new Map<string, Log>();
  /** What came again after a log was lost, and what a backup brought back: it stands behind later publishes. */
  readonly #repeats = new Set<Entry>();
  readonly #retention: Retention;
  readonly #now: () => number;

  constructor(retention: Retention, now: () => number) {
    this.#retention = retention;
    this.#now = now;
  }

  /** Note that a message is in the log of this epoch now. */
  add(epoch: string, { at, offset, payload }: Message, { from, origin }: Draft): void {
    const isBackup = from === BACKUP;
    const log = this.#log(epoch);
    check(offset === log.entries.length + 1, `the store gives offset ${offset} to message ${log.entries.length + 1}`);
    if (origin !== undefined) {
      check(!log.origins.has(originText(origin)), `${originText(origin)} is in the log of ${epoch} twice`);
      log.origins.add(originText(origin));
    }
    const { key, number } = Object(JSON.parse(payload));
    const isRepeat = isBackup || origin?.firstSentAt !== undefined;
    const newest = log.entries.findLast((entry) => !this.#repeats.has(entry))?.number ?? 0;
    check(isRepeat || number > newest, `publish ${number} was overtaken by ${newest}`);
    const entry = { payload, number, key, at };
    if (isRepeat) this.#repeats.add(entry);
    log.entries.push(entry);
  }
  /** Note that the hub knows the log of this epoch up to an offset. */
  tell(epoch: string, offset: number): void {
    const log = this.#log(epoch);
    log.told = Math.max(log.told, offset);
  }

  told(epoch: string): number {
    return this.#logs.get(epoch)?.told ?? -1;
  }

  head(epoch: string): number {
    return this.#logs.get(epoch)?.entries.length ?? 0;
  }

  isEpoch(epoch: string): boolean {
    return this.#logs.has(epoch);
  }

  hasOrigin(epoch: string, origin: Origin): boolean {
    return this.#logs.get(epoch)?.origins.has(originText(origin)) === true;
  }

  payloadAt({ epoch, offset }: Position): string | undefined {
    return this.#logs.get(epoch)?.entries[offset - 1]?.payload;
  }

  /** The payloads of the first messages of an epoch, with which a backup begins. */
  firstOf(epoch: string, count: number): readonly string[] {
    return (this.#logs.get(epoch)?.entries ?? []).slice(0, count).map(({ payload }) => payload);
  }

  /** Whether everything up to this offset is out of retention by now. What is so stays so. */
  isGoneTo({ epoch, offset }: Position): boolean {
    if (offset === 0) return true;
    const { entries } = this.#log(epoch);
    const entry = entries[offset - 1];
    if (entry === undefined) return false;
    return offset <= entries.length - this.#retention.keep || entry.at < this.#now() - this.#retention.forMs;
  }

  /** Whether the hub knows of a newer message with the same key. */
  isSuperseded({ epoch, offset }: Position, hasKey: boolean): boolean {
    const { entries, told } = this.#log(epoch);
    if (!hasKey) return told > offset;
    const key = entries[offset - 1]?.key;
    return entries.slice(offset, told).some((entry) => entry.key === key);
  }

  #log(epoch: string): Log {
    const known = this.#logs.get(epoch);
    if (known !== undefined) return known;
    const log = { entries: [], origins: new Set<string>(), told: 0 };
    this.#logs.set(epoch, log);
    return log;
  }
}
