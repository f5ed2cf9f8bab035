import type { Stage } from "../wire/messages.js";
import { isEnd } from "../wire/stage.js";

export type StageListener = (stage: Stage) => void;

/** Who follows which messages. Bounded by who asks: a session follows a limited number. */
export class Followers {
  readonly #listeners = new Map<string, Set<StageListener>>();

  get size(): number {
    return this.#listeners.size;
  }

  /** Be told of the stages of the message `id` from now on; returns what ends it. */
  add(id: string, listener: StageListener): () => void {
    const listeners = this.#listeners.get(id) ?? new Set();
    this.#listeners.set(id, listeners);
    listeners.add(listener);
    return () => {
      listeners.delete(listener);
      if (listeners.size === 0 && this.#listeners.get(id) === listeners) this.#listeners.delete(id);
    };
  }

  tell(id: string, stage: Stage): void {
    const listeners = this.#listeners.get(id);
    if (listeners === undefined) return;
    // One that stops following takes itself out of the set, and a set bears that.
    for (const listener of listeners) listener(stage);
    if (isEnd(stage)) this.#listeners.delete(id);
  }
}
