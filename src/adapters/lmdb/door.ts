import { assert } from "../../kernel/errors.js";

/** What goes in and out of a store: nothing goes in when it was closed, and it is closed behind what is under way. */
export class Door {
  readonly #working = new Set<Promise<unknown>>();
  #isClosed = false;

  /** @throws BusbarError `kernel/assertion` where it is closed. */
  assertOpen(): void {
    assert(!this.#isClosed, "the store is not closed yet");
  }

  /** Have `close` wait for this. */
  async doing<Value>(work: Promise<Value>): Promise<Value> {
    this.#working.add(work);
    try {
      return await work;
    } finally {
      this.#working.delete(work);
    }
  }

  /** Let nothing in any more; resolves when nothing is under way. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await Promise.allSettled(this.#working);
  }
}
