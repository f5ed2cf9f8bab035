/** What a message of these tests says of itself. */
export interface Entry {
  /** One name for each life of a publisher. */
  readonly publisher: string;
  /** 1, 2, 3 … for each publisher and channel. */
  readonly number: number;
}

export interface Position {
  readonly epoch: string;
  readonly offset: number;
}

/** A publisher was told that its message is in the log. */
export interface Acknowledgement extends Entry {
  readonly channel: string;
  readonly position: Position;
}

/** A reader's handler was called with a message. */
export interface Handling extends Entry {
  readonly reader: string;
  readonly channel: string;
  readonly position: Position;
  /** It was told that messages before this one are lost. */
  readonly hasGap: boolean;
}

/** What was counted, and the first examples of each fault. */
export interface Verdict {
  readonly acknowledged: number;
  readonly handled: number;
  readonly logged: number;
  readonly faults: Readonly<Record<Fault, number>>;
  readonly examples: readonly string[];
}

const faultKinds = ["lost", "duplicated", "outOfOrder", "gapsAnnounced", "gapsUnannounced"] as const;
export type Fault = (typeof faultKinds)[number];

export const faultless: Verdict["faults"] = {
  lost: 0,
  duplicated: 0,
  outOfOrder: 0,
  gapsAnnounced: 0,
  gapsUnannounced: 0,
};

const EXAMPLES_MAX = 20;

/** Where a channel is for one reader, or for one publisher's receipts. */
interface Place {
  position: Position;
  number: number;
}

/**
 * Knows nothing but what publishers were acknowledged, what readers handled, and at the end the whole log; counts
 * what does not fit together.
 *
 * Every channel is expected to keep all of its messages, and to stay in one epoch.
 */
export class Witness {
  readonly #counts = { acknowledged: 0, handled: 0, logged: 0 };
  readonly #faults: Record<Fault, number> = { ...faultless };
  readonly #examples: string[] = [];
  /** What is at each place of each channel, according to whoever told of it first. */
  readonly #places = new Map<string, string>();
  /** The acknowledged messages that were not found in the log yet. */
  readonly #acknowledged = new Map<string, string>();
  readonly #receipts = new Map<string, Place>();
  readonly #readers = new Map<string, Map<string, Place>>();

  get acknowledgedCount(): number {
    return this.#counts.acknowledged;
  }

  get handledCount(): number {
    return this.#counts.handled;
  }

  /** Behind what a reader goes on when it is started again; undefined where it handled nothing yet. */
  positionOf(reader: string, channel: string): Position | undefined {
    return this.#readers.get(reader)?.get(channel)?.position;
  }

  acknowledge(told: Acknowledgement): void {
    const { channel, position, publisher, number } = told;
    this.#counts.acknowledged++;
    const message = `${channel} ${publisher} ${number}`;
    if (this.#acknowledged.has(message)) this.#fault("duplicated", `acknowledged twice: ${message}`);
    this.#acknowledged.set(message, placeName(channel, position));
    this.#compare(channel, position, told);
    const before = this.#receipts.get(`${channel} ${publisher}`);
    const isForward = before === undefined || before.number < number === before.position.offset < position.offset;
    if (!isForward) this.#fault("outOfOrder", `receipts: ${message} is at ${position.offset}`);
    this.#receipts.set(`${channel} ${publisher}`, { position, number });
  }

  handle(told: Handling): void {
    const { channel, hasGap, position, reader } = told;
    this.#counts.handled++;
    const places = this.#readers.get(reader) ?? new Map<string, Place>();
    this.#readers.set(reader, places);
    const before = places.get(channel)?.position;
    const text = `${reader} in ${channel}: ${before?.offset ?? 0} -> ${position.offset}`;
    if (hasGap) this.#fault("gapsAnnounced", text);
    else if (before !== undefined && before.epoch !== position.epoch)
      this.#fault("gapsUnannounced", `${text}, new epoch`);
    else if (position.offset <= (before?.offset ?? 0)) this.#fault("duplicated", text);
    else if (position.offset > (before?.offset ?? 0) + 1) this.#fault("gapsUnannounced", text);
    places.set(channel, { position, number: told.number });
    this.#compare(channel, position, told);
  }

  /** Go through a channel's whole log, from its start. To be called once for each channel, when all is quiet. */
  readLog(channel: string, log: readonly (Entry & { readonly position: Position })[]): void {
    const lastNumbers = new Map<string, number>();
    let lastOffset = 0;
    for (const entry of log) {
      const { position, publisher, number } = entry;
      this.#counts.logged++;
      if (position.offset !== ++lastOffset) this.#fault("lost", `${channel}: no message at ${lastOffset}`);
      lastOffset = position.offset;
      const lastNumber = lastNumbers.get(publisher) ?? 0;
      const text = `${channel} at ${position.offset}: ${publisher} ${lastNumber} -> ${number}`;
      if (number === lastNumber) this.#fault("duplicated", text);
      else if (number < lastNumber) this.#fault("outOfOrder", text);
      else if (number > lastNumber + 1) this.#fault("lost", text);
      lastNumbers.set(publisher, number);
      this.#compare(channel, position, entry);
      this.#acknowledged.delete(`${channel} ${publisher} ${number}`);
    }
    for (const [message, place] of this.#acknowledged) {
      if (message.startsWith(`${channel} `))
        this.#fault("lost", `acknowledged and not in the log: ${message} (${place})`);
    }
    for (const [reader, places] of this.#readers) {
      const read = places.get(channel)?.position.offset ?? 0;
      if (read !== lastOffset) this.#fault("lost", `${reader} has read ${channel} to ${read}, not to ${lastOffset}`);
    }
  }

  verdict(): Verdict {
    return { ...this.#counts, faults: { ...this.#faults }, examples: [...this.#examples] };
  }

  /** Everybody sees the same message at the same place. */
  #compare(channel: string, position: Position, { publisher, number }: Entry): void {
    const place = placeName(channel, position);
    const message = `${publisher} ${number}`;
    const known = this.#places.get(place) ?? message;
    if (known !== message) this.#fault("outOfOrder", `${place} is ${known} and ${message}`);
    this.#places.set(place, known);
  }

  #fault(kind: Fault, text: string): void {
    this.#faults[kind]++;
    if (this.#examples.length < EXAMPLES_MAX) this.#examples.push(`${kind}: ${text}`);
  }
}

function placeName(channel: string, { epoch, offset }: Position): string {
  return `${channel} ${epoch} ${offset}`;
}
