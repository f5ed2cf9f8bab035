import { wireError } from "../wire/errors.js";
import type { FollowCommand, Stage } from "../wire/messages.js";
import { isEnd } from "../wire/stage.js";
import type { Attendee } from "./services.js";

/** The messages that a session follows on their way through the pipeline. */
export class Follows {
  readonly #attendee: Attendee;
  /** What ends each, by the message's id. */
  readonly #ends = new Map<string, () => void>();

  constructor(attendee: Attendee) {
    this.#attendee = attendee;
  }

  /**
   * Answer with the stage that a message is at, and push each later one until its end. Only its publisher may.
   *
   * Rejects with the WireError of the refusal.
   */
  async follow({ id, message }: FollowCommand): Promise<void> {
    const { isOver, outbox, principal, services } = this.#attendee;
    const { followsMax } = services.limits;
    if (this.#ends.size >= followsMax && !this.#ends.has(message)) {
      throw wireError("subscription/too-many", `a connection can follow ${followsMax} messages`);
    }
    let hasAnswered = false;
    let isDone = false;
    const listener = (stage: Stage): void => {
      if (isOver()) return;
      if (hasAnswered) outbox.push({ push: "stage", message, ...stage });
      else outbox.ok<"follow">(id, stage);
      hasAnswered = true;
      isDone = isEnd(stage);
      if (isDone) this.#end(message);
    };
    const end = await services.messages.follow(message, listener, ({ from }) => from === principal.id);
    this.#end(message);
    if (isDone || isOver()) end();
    else this.#ends.set(message, end);
  }

  end(): void {
    for (const end of this.#ends.values()) end();
    this.#ends.clear();
  }

  #end(message: string): void {
    this.#ends.get(message)?.();
    this.#ends.delete(message);
  }
}
