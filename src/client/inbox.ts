import { deferred, type Deferred } from "../kernel/deferred.js";
import { whenAborted } from "./abort.js";

type Reader<Item> = Deferred<IteratorResult<Item, undefined>>;

/** For a reader who wants to know only how it is now. */
export interface Replacing<Item> {
  /** Of those with the same key only the newest waits. */
  keyOf(item: Item): unknown;
  /** The newer one, with what it has to know of the older one. */
  merge(older: Item, newer: Item): Item;
}

export interface InboxOptions<Item> {
  readonly itemsMax: number;
  /** Without it all items wait, in their order. */
  readonly replacing?: Replacing<Item> | undefined;
  /** The reader took the last item that waited. */
  readonly onDrained?: () => void;
  /** The reader wants no more. Called once. */
  readonly onReturn: () => void;
}

/** Items on their way to one reader, who takes them as an async iterator. */
export class Inbox<Item> implements AsyncIterableIterator<Item, undefined> {
  readonly #options: InboxOptions<Item>;
  /** A map keeps the order of what was put in last. */
  readonly #items = new Map<unknown, Item>();
  #readers: Reader<Item>[] = [];
  /** Undefined while it is open; the error is for the next reader. */
  #end: { readonly error?: Error | undefined } | undefined;
  #isReturned = false;
  #forgetSignal: (() => void) | undefined;

  constructor(options: InboxOptions<Item>) {
    this.#options = options;
  }

  /** How many items wait. */
  get length(): number {
    return this.#items.size;
  }

  /** Give the reader an item; false when the inbox is full, and then nothing changed. */
  push(item: Item): boolean {
    if (this.#end !== undefined) return true;
    const reader = this.#readers.shift();
    if (reader === undefined) return this.#keep(item);
    reader.resolve({ done: false, value: item });
    return true;
  }

  /** Nothing more will come; what waits can still be taken, and then comes the error, where there is one. */
  end(error?: Error): void {
    if (this.#end !== undefined) return;
    this.#end = { error };
    this.#forgetSignal?.();
    for (const reader of this.#readers) this.#settle(reader);
    this.#readers = [];
  }

  /** End like `return` when the signal is aborted. */
  endWith(signal: AbortSignal | undefined): void {
    this.#forgetSignal = whenAborted(signal, () => this.stop());
    if (this.#end !== undefined) this.#forgetSignal();
  }

  /** The reader wants no more: what waits is dropped. */
  stop(): void {
    this.#items.clear();
    this.end();
    if (this.#isReturned) return;
    this.#isReturned = true;
    this.#options.onReturn();
  }

  next(): Promise<IteratorResult<Item, undefined>> {
    const reader: Reader<Item> = deferred();
    const [waiting] = this.#items;
    if (waiting !== undefined) {
      const [key, value] = waiting;
      this.#items.delete(key);
      reader.resolve({ done: false, value });
      if (this.#items.size === 0) this.#options.onDrained?.();
    } else if (this.#end === undefined) {
      this.#readers.push(reader);
    } else {
      this.#settle(reader);
    }
    return reader.promise;
  }

  return(): Promise<IteratorResult<Item, undefined>> {
    this.stop();
    return Promise.resolve({ done: true, value: undefined });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  #keep(item: Item): boolean {
    const { itemsMax, replacing } = this.#options;
    // Without a key each item is its own: an object that nothing else is equal to.
    const key = replacing === undefined ? {} : replacing.keyOf(item);
    const older = this.#items.get(key);
    if (older === undefined && this.#items.size >= itemsMax) return false;
    this.#items.delete(key);
    this.#items.set(key, older === undefined || replacing === undefined ? item : replacing.merge(older, item));
    return true;
  }

  /** An error is told once; behind it is only the end. */
  #settle(reader: Reader<Item>): void {
    const error = this.#end?.error;
    this.#end = {};
    if (error === undefined) reader.resolve({ done: true, value: undefined });
    else reader.reject(error);
  }
}
