import { wireError } from "../wire/errors.js";
import type { FollowCommand, Stage } from "../wire/messages.js";
import { isEnd } from "../wire/stage.js";
import type { Attendee } from "./services.js";

/** One message that a session follows. */
interface Followed {
  /** It is a dead letter: it can stay one for ever. */
  isDead: boolean;
  readonly end: () => void;
}

/** The messages that a session follows on their way through the pipeline. */
export class Follows {
  readonly #attendee: Attendee;
  /** By the message's id. */
  readonly #followed = new Map<string, Followed>();

  constructor(attendee: Attendee) {
    this.#attendee = attendee;
  }

  /**
   * Answer with the stage that a message is at, and push each later one until its end. Only its publisher may.
   *
   * Rejects with the WireError of the refusal.
   */
  async follow({ id, message }: FollowCommand): Promise<void> {
    const attendee = this.#attendee;
    const { outbox, principal, services } = attendee;
    this.#requireRoom(message);
    let hasAnswered = false;
    let last: Stage | undefined;
    const listener = (stage: Stage): void => {
      if (attendee.isOver) return;
      if (hasAnswered) outbox.push({ push: "stage", message, ...stage });
      else outbox.ok<"follow">(id, stage);
      hasAnswered = true;
      last = stage;
      const followed = this.#followed.get(message);
      if (followed !== undefined) followed.isDead = stage.stage === "dead";
      if (isEnd(stage)) this.#end(message);
    };
    const end = await services.messages.follow(message, listener, ({ from }) => from === principal.id);
    this.#end(message);
    if (attendee.isOver || (last !== undefined && isEnd(last))) end();
    else this.#followed.set(message, { end, isDead: last?.stage === "dead" });
  }

  end(): void {
    for (const { end } of this.#followed.values()) end();
    this.#followed.clear();
  }

  /** The oldest dead letter gives way to another message: whoever follows it was told that it is one. */
  #requireRoom(message: string): void {
    const { followsMax } = this.#attendee.services.limits;
    if (this.#followed.size < followsMax || this.#followed.has(message)) return;
    for (const [other, { isDead }] of this.#followed) if (isDead) return this.#end(other);
    throw wireError("subscription/too-many", `a connection can follow ${followsMax} messages`);
  }

  #end(message: string): void {
    this.#followed.get(message)?.end();
    this.#followed.delete(message);
  }
}
