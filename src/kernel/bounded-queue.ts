import { BusbarError } from "./errors.js";

/** The smallest ring, which an empty queue keeps; a larger one is given back. */
const RING_SIZE_MIN = 8;

/**
 * A first-in, first-out queue in a ring that grows up to `itemsMax` and never beyond.
 *
 * `push` and `shift` take constant time (amortised while the ring grows).
 */
export class BoundedQueue<Item> {
  readonly itemsMax: number;
  #ring: (Item | undefined)[] = [];
  #head = 0;
  #length = 0;

  constructor(itemsMax: number) {
    if (!Number.isSafeInteger(itemsMax) || itemsMax < 1) {
      throw new BusbarError("kernel/queue-bound", `a queue needs a bound of at least 1, not ${itemsMax}`);
    }
    this.itemsMax = itemsMax;
  }

  get length(): number {
    return this.#length;
  }

  get isFull(): boolean {
    return this.#length === this.itemsMax;
  }

  /** Append an item; false when the queue is full, and then nothing changed. */
  push(item: Item): boolean {
    if (this.isFull) return false;
    if (this.#length === this.#ring.length) this.#grow();
    this.#ring[(this.#head + this.#length) % this.#ring.length] = item;
    this.#length++;
    return true;
  }

  /** The oldest item, left in its place. */
  peek(): Item | undefined {
    return this.#length === 0 ? undefined : this.#ring[this.#head];
  }

  /** Take the oldest item out. */
  shift(): Item | undefined {
    if (this.#length === 0) return undefined;
    const item = this.#ring[this.#head];
    this.#ring[this.#head] = undefined;
    this.#head = (this.#head + 1) % this.#ring.length;
    this.#length--;
    if (this.#length === 0 && this.#ring.length > RING_SIZE_MIN) this.clear();
    return item;
  }

  /** Drop all items and give the memory back. */
  clear(): void {
    this.#ring = [];
    this.#head = 0;
    this.#length = 0;
  }

  #grow(): void {
    const size = Math.min(this.itemsMax, Math.max(RING_SIZE_MIN, this.#ring.length * 2));
    const ring = Array.from<Item | undefined>({ length: size });
    for (let index = 0; index < this.#length; index++) {
      ring[index] = this.#ring[(this.#head + index) % this.#ring.length];
    }
    this.#ring = ring;
    this.#head = 0;
  }
}
