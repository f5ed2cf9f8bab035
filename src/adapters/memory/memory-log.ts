import type { Draft, Message, ReadRange } from "../../hub/store.js";

/** What a message costs beside its text, roughly: the object, its place in the ring, two numbers. */
const messageOverheadBytes = 128;

/** About how many bytes of memory a message takes. Texts count one byte a character, as mostly they do in V8. */
export function costOf({ from, payload }: Draft): number {
  return payload.length + from.length + messageOverheadBytes;
}

/**
 * One channel's log in memory: the newest messages in a ring that grows as it fills, up to `keep`.
 *
 * Appending and dropping take constant time (amortised while the ring grows), reading as long as what is read.
 */
export class MemoryLog {
  readonly channel: string;
  readonly epoch: string;
  readonly keep: number;
  #ring: (Message | undefined)[] = [];
  /** Where in the ring the oldest message is. */
  #start = 0;
  #length = 0;
  #head = 0;
  #bytes = 0;

  constructor(channel: string, epoch: string, keep: number) {
    this.channel = channel;
    this.epoch = epoch;
    this.keep = keep;
  }

  /** The offset of the newest message; 0 before the first. */
  get head(): number {
    return this.#head;
  }

  /** How many messages are kept. */
  get length(): number {
    return this.#length;
  }

  /** About how much memory the kept messages take. */
  get bytes(): number {
    return this.#bytes;
  }

  append(draft: Draft): Message {
    const { at, from, payload } = draft;
    const message: Message = { channel: this.channel, offset: ++this.#head, payload, from, at };
    if (this.keep === 0) return message;
    if (this.#length === this.keep) this.dropOldest();
    if (this.#length === this.#ring.length) this.#grow();
    this.#ring[(this.#start + this.#length) % this.#ring.length] = message;
    this.#length++;
    this.#bytes += costOf(message);
    return message;
  }

  /** Forget the oldest message, if there is one. */
  dropOldest(): void {
    const oldest = this.#ring[this.#start];
    if (oldest === undefined) return;
    this.#ring[this.#start] = undefined;
    this.#start = (this.#start + 1) % this.#ring.length;
    this.#length--;
    this.#bytes -= costOf(oldest);
  }

  read({ after, bytesMax, messagesMax, until }: ReadRange): Message[] {
    const oldestOffset = this.#head - this.#length + 1;
    const messages: Message[] = [];
    let bytes = 0;
    for (let offset = Math.max(after + 1, oldestOffset); offset <= Math.min(until, this.#head); offset++) {
      const message = this.#ring[(this.#start + offset - oldestOffset) % this.#ring.length];
      if (message === undefined || messages.length === messagesMax || bytes >= bytesMax) break;
      messages.push(message);
      bytes += costOf(message);
    }
    return messages;
  }

  #grow(): void {
    const ring = Array.from<Message | undefined>({ length: Math.min(this.keep, Math.max(8, this.#ring.length * 2)) });
    for (let index = 0; index < this.#length; index++)
      ring[index] = this.#ring[(this.#start + index) % this.#ring.length];
    this.#ring = ring;
    this.#start = 0;
  }
}
