import type { Position } from "../wire/messages.js";

/** Where a queued message is on its way. */
export type Stage =
  /** It waits to be processed; `dueAt`: not before, in milliseconds since 1970 UTC. */
  | { readonly stage: "accepted"; readonly dueAt?: number }
  | { readonly stage: "processing"; readonly attempt: number }
  /** An attempt failed; the next one is at `dueAt`. */
  | { readonly stage: "retrying"; readonly attempt: number; readonly dueAt: number }
  /** It failed for the last time, and is kept among the dead letters. */
  | { readonly stage: "dead" }
  | EndStage;

/** How a message ended. */
export type EndStage =
  /** What came out of it is in the logs; the position of the message itself, where it is still known. */
  | { readonly stage: "delivered"; readonly position?: Position }
  | { readonly stage: "dropped" }
  | { readonly stage: "rejected"; readonly reason: unknown }
  /** An operator threw it away. */
  | { readonly stage: "discarded" };

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
    for (const listener of [...listeners]) listener(stage);
    if (isEnd(stage)) this.#listeners.delete(id);
  }
}

/** Whether nothing comes behind this stage. */
export function isEnd(stage: Stage): stage is EndStage {
  switch (stage.stage) {
    case "delivered":
    case "dropped":
    case "rejected":
    case "discarded":
      return true;
    case "accepted":
    case "processing":
    case "retrying":
    case "dead":
      return false;
  }
}
