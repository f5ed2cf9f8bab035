import { BoundedQueue } from "../kernel/bounded-queue.js";
import { deferred, type Deferred } from "../kernel/deferred.js";

type End = { readonly kind: "open" } | { readonly kind: "done" } | { readonly kind: "failed"; readonly error: Error };

type Reader<Item> = Deferred<IteratorResult<Item, undefined>>;

export interface InboxOptions {
  readonly itemsMax: number;
  /** The reader took the last item that waited. */
  readonly onDrained?: () => void;
  /** The reader wants no more. Called once. */
  readonly onReturn: () => void;
}

/** Items on their way to one reader, who takes them as an async iterator. */
export class Inbox<Item> implements AsyncIterableIterator<Item, undefined> {
  readonly #options: InboxOptions;
  readonly #items: BoundedQueue<Item>;
  #readers: Reader<Item>[] = [];
  #end: End = { kind: "open" };
  #isReturned = false;
  #unlisten: (() => void) | undefined;

  constructor(options: InboxOptions) {
    this.#options = options;
    this.#items = new BoundedQueue(options.itemsMax);
  }

  /** How many items wait. */
  get length(): number {
    return this.#items.length;
  }

  /** Give the reader an item; false when the inbox is full, and then nothing changed. */
  push(item: Item): boolean {
    if (this.#end.kind !== "open") return true;
    const reader = this.#readers.shift();
    if (reader === undefined) return this.#items.push(item);
    reader.resolve({ done: false, value: item });
    return true;
  }

  /** Put the item in the place of all that wait: for a reader who wants to know only how it is now. */
  replace(item: Item): void {
    this.#items.clear();
    this.push(item);
  }

  /** Nothing more will come; what waits can still be taken. */
  finish(): void {
    this.#close({ kind: "done" });
  }

  /** Like `finish`, but the reader's loop ends with the error. */
  fail(error: Error): void {
    this.#close({ kind: "failed", error });
  }

  /** End like `return` when the signal is aborted. */
  endWith(signal: AbortSignal): void {
    const end = (): void => this.#return();
    if (signal.aborted) return end();
    signal.addEventListener("abort", end, { once: true });
    this.#unlisten = () => signal.removeEventListener("abort", end);
  }

  next(): Promise<IteratorResult<Item, undefined>> {
    const reader: Reader<Item> = deferred();
    const item = this.#items.shift();
    if (item !== undefined) {
      reader.resolve({ done: false, value: item });
      if (this.#items.length === 0) this.#options.onDrained?.();
    } else if (this.#end.kind === "open") {
      this.#readers.push(reader);
    } else {
      this.#settle(reader);
    }
    return reader.promise;
  }

  return(): Promise<IteratorResult<Item, undefined>> {
    this.#return();
    return Promise.resolve({ done: true, value: undefined });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  #return(): void {
    this.#items.clear();
    this.finish();
    if (this.#isReturned) return;
    this.#isReturned = true;
    this.#options.onReturn();
  }

  #close(end: End): void {
    if (this.#end.kind !== "open") return;
    this.#end = end;
    this.#unlisten?.();
    for (const reader of this.#readers) this.#settle(reader);
    this.#readers = [];
  }

  /** An error is told once; behind it is only the end. */
  #settle(reader: Reader<Item>): void {
    if (this.#end.kind === "failed") reader.reject(this.#end.error);
    else reader.resolve({ done: true, value: undefined });
    this.#end = { kind: "done" };
  }
}
