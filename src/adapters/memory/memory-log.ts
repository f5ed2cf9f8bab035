import type { Appended, Draft, Message, ReadRange, Retention } from "../../hub/store.js";
import { originBytes, OriginWindow, type OriginWindowLimits } from "./origin-window.js";

/** What a message costs beside its text, roughly: the object, its place in the ring, two numbers. */
const messageOverheadBytes = 128;

/** So many messages that are too old go with one call, so that none takes long. */
const EXPIRED_PER_CALL = 64;

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
 * logarithm of what is kept.
 */
export class MemoryLog {
  readonly channel: string;
  readonly epoch: string;
  retention: Retention;
  readonly #window: OriginWindow;
  #ring: (Message | undefined)[] = [];
  /** Where in the ring the oldest message is. */
  #start = 0;
  #length = 0;
  #head = 0;
  #messagesBytes = 0;
  #payloadBytes = 0;
  /** When the newest message was published; times of a log never go back. */
  #latestAt = 0;

  constructor({ channel, epoch, retention, window }: MemoryLogOptions) {
    this.channel = channel;
    this.epoch = epoch;
    this.retention = retention;
    this.#window = new OriginWindow(window);
  }

  /** The offset of the newest message; 0 before the first. */
  get head(): number {
    return this.#head;
  }

  /** How many messages are kept. */
  get length(): number {
    return this.#length;
  }

  /** About how much memory the kept messages and the remembered origins take. */
  get bytes(): number {
    return this.#messagesBytes + this.#window.size * originBytes;
  }

  append(draft: Draft): Appended {
    const { from, origin, payload } = draft;
    const offset = origin && this.#window.find(origin);
    if (offset !== undefined) return { kind: "repeat", offset };
    if (origin !== undefined && this.#window.mayHaveForgotten(origin)) return { kind: "unknown" };
    const at = Math.max(draft.at, this.#latestAt);
    this.#latestAt = at;
    const message: Message = { channel: this.channel, offset: ++this.#head, payload, from, at };
    if (origin !== undefined) this.#window.add(origin, message);
    this.#keep(message);
    return { kind: "appended", message };
  }

  find(origin: { readonly producer: string; readonly sequence: number }): number | undefined {
    return this.#window.find(origin);
  }

  /** Let go of messages that are too old, of a bounded number. */
  expire(now: number): void {
    const oldest = now - this.retention.forMs;
    for (let step = 0; step < EXPIRED_PER_CALL; step++) {
      const message = this.#ring[this.#start];
      if (message === undefined || message.at >= oldest) return;
      this.#dropMessage(message);
    }
  }

  /** Forget the oldest message, or where there is none the oldest origin; false where there is nothing. */
  dropOldest(): boolean {
    const oldest = this.#ring[this.#start];
    if (oldest !== undefined) this.#dropMessage(oldest);
    else if (this.#window.size > 0) this.#window.forgetOldest();
    else return false;
    return true;
  }

  read({ after, bytesMax, messagesMax, until }: ReadRange, now: number): Message[] {
    const messages: Message[] = [];
    let bytes = 0;
    for (let offset = Math.max(after + 1, this.#firstFresh(now)); offset <= until; offset++) {
      const message = this.#at(offset);
      if (message === undefined || messages.length === messagesMax || bytes >= bytesMax) break;
      messages.push(message);
      bytes += costOf(message);
    }
    return messages;
  }

  #keep(message: Message): void {
    const { bytesMax, keep } = this.retention;
    if (keep === 0) return;
    if (this.#length === keep) this.dropOldest();
    if (this.#length === this.#ring.length) this.#grow();
    this.#ring[(this.#start + this.#length) % this.#ring.length] = message;
    this.#length++;
    this.#messagesBytes += costOf(message);
    this.#payloadBytes += message.payload.length;
    while (this.#payloadBytes > bytesMax && this.#length > 1) this.dropOldest();
  }

  #dropMessage(oldest: Message): void {
    this.#ring[this.#start] = undefined;
    this.#start = (this.#start + 1) % this.#ring.length;
    this.#length--;
    this.#messagesBytes -= costOf(oldest);
    this.#payloadBytes -= oldest.payload.length;
  }

  get #oldestOffset(): number {
    return this.#head - this.#length + 1;
  }

  #at(offset: number): Message | undefined {
    if (offset > this.#head) return undefined;
    return this.#ring[(this.#start + offset - this.#oldestOffset) % this.#ring.length];
  }

  /** The offset of the oldest message that is not too old: times rise with the offsets. */
  #firstFresh(now: number): number {
    const oldestAt = now - this.retention.forMs;
    let low = this.#oldestOffset;
    let high = this.#head + 1;
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      if ((this.#at(middle)?.at ?? Infinity) < oldestAt) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #grow(): void {
    const size = Math.min(this.retention.keep, Math.max(8, this.#ring.length * 2));
    const ring = Array.from<Message | undefined>({ length: size });
    for (let index = 0; index < this.#length; index++)
      ring[index] = this.#ring[(this.#start + index) % this.#ring.length];
    this.#ring = ring;
    this.#start = 0;
  }
}
