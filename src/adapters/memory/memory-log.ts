import type { Appended, Draft, Message, Origin, ReadRange, Retention } from "../../hub/store.js";
import { originBytes, OriginWindow, type OriginWindowLimits } from "./origin-window.js";

/** What a message costs beside its text, roughly: the object, its place in the ring, two numbers. */
const messageOverheadBytes = 128;

/** The smallest ring. */
const RING_SIZE_MIN = 8;

/** About how many bytes of memory a message takes. Texts count one byte a character, as mostly they do in V8. */
export function costOf({ from, payload }: Pick<Draft, "from" | "payload">): number {
  return payload.length + from.length + messageOverheadBytes;
}

export interface MemoryLogOptions {
  readonly channel: string;
  readonly epoch: string;
  readonly retention: Retention;
  readonly window: OriginWindowLimits;
}

/**
 * One channel's log in memory: the messages of its retention in a ring that grows as it fills.
 *
 * Appending and dropping take constant time (amortised while the ring grows), reading as long as what is read and the
 * logarithm of what is kept. What is out of retention can no longer be read; `letGo` gives its memory back, in steps.
 */
export class MemoryLog {
  readonly channel: string;
  readonly epoch: string;
  retention: Retention;
  readonly #windowLimits: OriginWindowLimits;
  /** Undefined until there is an origin: most logs of a flood of channels never have one, and take half the memory. */
  #window: OriginWindow | undefined;
  #ring: (Message | undefined)[] = [];
  /** Where in the ring the oldest message is. */
  #start = 0;
  #length = 0;
  #head = 0;
  #messageBytes = 0;
  #payloadBytes = 0;
  /** When the newest message was published; times of a log never go back. */
  #latestAt = Number.NEGATIVE_INFINITY;

  constructor({ channel, epoch, retention, window }: MemoryLogOptions) {
    this.channel = channel;
    this.epoch = epoch;
    this.retention = retention;
    this.#windowLimits = window;
  }

  /** The offset of the newest message; 0 before the first. */
  get head(): number {
    return this.#head;
  }

  /** How many messages have not been let go of. */
  get length(): number {
    return this.#length;
  }

  /** About how much memory the messages take. */
  get messageBytes(): number {
    return this.#messageBytes;
  }

  /** About how much memory the messages and the remembered origins take. */
  get bytes(): number {
    return this.#messageBytes + (this.#window?.size ?? 0) * originBytes;
  }

  append(draft: Draft): Appended {
    const { from, origin, payload } = draft;
    const offset = origin && this.find(origin);
    if (offset !== undefined) return { kind: "repeat", offset };
    if (origin !== undefined && this.#window?.mayHaveForgotten(origin) === true) return { kind: "unknown" };
    const at = Math.max(draft.at, this.#latestAt);
    this.#latestAt = at;
    const message: Message = { channel: this.channel, offset: ++this.#head, payload, from, at };
    if (origin !== undefined) this.#remember(origin, message);
    this.#keep(message);
    return { kind: "appended", message };
  }

  find(origin: Pick<Origin, "producer" | "sequence">): number | undefined {
    return this.#window?.find(origin);
  }

  /** Let go of what is out of retention, and of the window, at this time: at most `stepsMax` of each. */
  letGo(now: number, stepsMax: number): void {
    for (let step = 0; step < stepsMax && this.#isOldestOver(now); step++) this.dropOldest();
    this.#window?.expire(now, stepsMax);
  }

  /** False where there is no message. */
  dropOldest(): boolean {
    const oldest = this.#ring[this.#start];
    if (oldest === undefined) return false;
    this.#ring[this.#start] = undefined;
    this.#start = (this.#start + 1) % this.#ring.length;
    this.#length--;
    this.#messageBytes -= costOf(oldest);
    this.#payloadBytes -= oldest.payload.length;
    if (this.#length === 0 && this.#ring.length > RING_SIZE_MIN) this.#resize(0);
    return true;
  }

  /** False where there is no origin. */
  forgetOldestOrigin(): boolean {
    return this.#window?.forgetOldest() ?? false;
  }

  /** Read at this time: nothing is given that is too old by then. */
  read({ after, bytesMax, messagesMax, until }: ReadRange, now: number): Message[] {
    const messages: Message[] = [];
    const last = Math.min(until, this.#head);
    let bytes = 0;
    for (let offset = Math.max(after + 1, this.#firstFresh(now)); offset <= last; offset++) {
      const message = this.#at(offset);
      if (message === undefined || messages.length === messagesMax || bytes >= bytesMax) break;
      messages.push(message);
      bytes += costOf(message);
    }
    return messages;
  }

  #remember(origin: Origin, message: Message): void {
    this.#window ??= new OriginWindow(this.#windowLimits);
    this.#window.add(origin, message);
  }

  #keep(message: Message): void {
    const { keep } = this.retention;
    if (keep === 0 && this.#length === 0) return;
    if (this.#length >= keep) this.dropOldest();
    // More than `keep` wait to be let go of where the log was opened for less than before.
    if (this.#length === this.#ring.length) {
      this.#resize(Math.min(Math.max(keep, this.#length + 1), Math.max(RING_SIZE_MIN, this.#ring.length * 2)));
    }
    this.#ring[(this.#start + this.#length) % this.#ring.length] = message;
    this.#length++;
    this.#messageBytes += costOf(message);
    this.#payloadBytes += message.payload.length;
  }

  #isOldestOver(now: number): boolean {
    const oldest = this.#ring[this.#start];
    if (oldest === undefined) return false;
    const { bytesMax, forMs, keep } = this.retention;
    // The newest message stays, however large it is.
    const isTooMuch = this.#payloadBytes > bytesMax && this.#length > 1;
    return isTooMuch || this.#length > keep || oldest.at < now - forMs;
  }

  #oldestOffset(): number {
    return this.#head - this.#length + 1;
  }

  /** The message with an offset that is kept. */
  #at(offset: number): Message | undefined {
    return this.#ring[(this.#start + offset - this.#oldestOffset()) % this.#ring.length];
  }

  /** The offset of the oldest message that is neither one too many nor too old: times rise with the offsets. */
  #firstFresh(now: number): number {
    const { forMs, keep } = this.retention;
    let low = Math.max(this.#oldestOffset(), this.#head - keep + 1);
    if (forMs === Number.POSITIVE_INFINITY) return low;
    const oldestAt = now - forMs;
    let high = this.#head + 1;
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      if ((this.#at(middle)?.at ?? Infinity) < oldestAt) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #resize(size: number): void {
    const ring = Array.from<Message | undefined>({ length: size });
    for (let index = 0; index < this.#length; index++)
      ring[index] = this.#ring[(this.#start + index) % this.#ring.length];
    this.#ring = ring;
    this.#start = 0;
  }
}
