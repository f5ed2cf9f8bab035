import { deferred, type Deferred } from "../kernel/deferred.js";
import type { Position } from "../wire/messages.js";
import type { Draft } from "./store.js";

/** Where a message is in the log, and whether it was there before this publish of it. */
export interface Published {
  readonly position: Position;
  readonly isRepeat: boolean;
}

/** A message that waits, and who is told where it is. */
export interface Publishing {
  readonly draft: Draft;
  readonly receipt: Deferred<Published>;
}

/** Who waits to append together with other logs. */
interface TurnTaker {
  readonly draft: undefined;
  readonly turn: Deferred<void>;
}

/** Those who wait to append to one log, in the order of the calls. Bounded by whoever publishes: see the pipeline's lanes. */
export class AppendLine {
  readonly #waiting: (Publishing | TurnTaker)[] = [];
  #turnsCount = 0;

  /** Have a message appended; resolves or rejects as its receipt does. */
  joinWith(draft: Draft): Promise<Published> {
    const receipt = deferred<Published>();
    this.#waiting.push({ draft, receipt });
    return receipt.promise;
  }

  /** Wait for the right to append. */
  joinForTurn(): Promise<void> {
    const turn = deferred<void>();
    this.#waiting.push({ draft: undefined, turn });
    this.#turnsCount++;
    return turn.promise;
  }

  /** Take the messages at the front that can be appended together, or who is to have the turn; undefined: nobody waits. */
  takeNext(messagesMax: number): readonly Publishing[] | Deferred<void> | undefined {
    const first = this.#waiting[0];
    if (first === undefined) return undefined;
    if (first.draft !== undefined) return this.#takeMessages(Math.min(messagesMax, this.#countToTurn()));
    this.#waiting.shift();
    this.#turnsCount--;
    return first.turn;
  }

  /** Take all messages, also from between those who wait for turns. */
  takeAllMessages(): readonly Publishing[] {
    const turns = this.#waiting.filter((one) => one.draft === undefined);
    const messages = this.#takeMessages(this.#waiting.length);
    this.#waiting.push(...turns);
    return messages;
  }

  #takeMessages(count: number): readonly Publishing[] {
    return this.#waiting.splice(0, count).filter((one): one is Publishing => one.draft !== undefined);
  }

  #countToTurn(): number {
    if (this.#turnsCount === 0) return this.#waiting.length;
    return this.#waiting.findIndex(({ draft }) => draft === undefined);
  }
}
