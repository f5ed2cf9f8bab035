import { deferred, type Deferred } from "../kernel/deferred.js";

/** From these many waiting messages, or characters and bytes in them, the peer is made to wait. */
const MESSAGES_HIGH = 64;
const SIZE_HIGH = 256 * 1024;

export interface InboxOwner {
  /** An inbox that was full has room again. */
  updateFlow(): void;
}

type Taken = IteratorResult<string | Uint8Array, undefined>;

/**
 * Messages that nobody has taken yet.
 *
 * Its bound is a matter of flow control: when it is full the owner stops reading from the peer. What one chunk held is
 * still taken in, so that it can go beyond by the messages of a chunk.
 */
export class Inbox implements AsyncIterator<string | Uint8Array, undefined> {
  readonly #owner: InboxOwner;
  /** A queue of two stacks: the newest messages, and the oldest ones in reverse. What is taken out is not held on to. */
  #newest: (string | Uint8Array)[] = [];
  #oldest: (string | Uint8Array)[] = [];
  #size = 0;
  #takers: Deferred<Taken>[] = [];
  #isEnded = false;

  constructor(owner: InboxOwner) {
    this.#owner = owner;
  }

  get length(): number {
    return this.#newest.length + this.#oldest.length;
  }

  get isFull(): boolean {
    return this.length >= MESSAGES_HIGH || this.#size >= SIZE_HIGH;
  }

  /** Add a message, or hand it to the one who has waited longest. */
  push(message: string | Uint8Array): void {
    if (this.#isEnded) return;
    const taker = this.#takers.shift();
    if (taker !== undefined) return taker.resolve({ done: false, value: message });
    this.#newest.push(message);
    this.#size += message.length;
  }

  /** Take the oldest message out. */
  shift(): string | Uint8Array | undefined {
    if (this.#oldest.length === 0) {
      this.#oldest = this.#newest.reverse();
      this.#newest = [];
    }
    const wasFull = this.isFull;
    const message = this.#oldest.pop();
    if (message === undefined) return undefined;
    this.#size -= message.length;
    if (wasFull && !this.isFull) this.#owner.updateFlow();
    return message;
  }

  /** No more will come; what is there can still be taken. */
  end(): void {
    this.#isEnded = true;
    for (const taker of this.#takers) taker.resolve({ done: true, value: undefined });
    this.#takers = [];
  }

  next(): Promise<Taken> {
    const message = this.shift();
    if (message !== undefined) return Promise.resolve({ done: false, value: message });
    if (this.#isEnded) return Promise.resolve({ done: true, value: undefined });
    const taker = deferred<Taken>();
    this.#takers.push(taker);
    return taker.promise;
  }
}
