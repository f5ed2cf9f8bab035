import type { Asked } from "../auth/access.js";
import type { Position, SubscribeFrom } from "../wire/messages.js";
import type { ClientMarks } from "./live-marks.js";
import { denial } from "./permission.js";
import type { Attendee } from "./services.js";

/** How far back a subscription reads. */
export interface Reach {
  /** Nothing up to there; undefined: all that there is. */
  readonly since: Position | "now" | undefined;
  /** Whether it takes the permission `history`, until it is where the log's end was. */
  readonly isHistory: boolean;
}

/** Most subscriptions have one of these. */
const live: Reach = { since: undefined, isHistory: false };
const withHistory: Reach = { since: undefined, isHistory: true };

/**
 * How far back a session may read: all that there is with the permission `history`, and without it what it could have read
 * live, also before a cut.
 */
export class Reaches {
  readonly #attendee: Attendee;
  /** Undefined until they are needed. */
  #marks: ClientMarks | undefined;

  constructor(attendee: Attendee) {
    this.#attendee = attendee;
  }

  /** @throws WireError `policy/denied` for who asks for history and may not read it. */
  of(asked: Asked, from: SubscribeFrom): Reach {
    const { access, principal } = this.#attendee;
    if (access.decide(principal, "history", asked).isAllowed) return from === "now" ? live : withHistory;
    const isPosition = from !== "now" && from !== "start" && "epoch" in from;
    const refused = from === "now" || isPosition ? undefined : denial(this.#attendee, "history", asked);
    if (refused !== undefined) throw refused;
    return { since: this.#known().get(asked.name) ?? "now", isHistory: false };
  }

  /** The session reads the channel from there on. */
  began(channel: string, { since }: Reach, position: Position): void {
    if (since !== undefined) this.#known().note(channel, position);
  }

  /** The session may not read the channel any more. */
  forget(channel: string): void {
    this.#marks?.forget(channel);
  }

  end(): void {
    if (this.#marks !== undefined) this.#attendee.services.marks.leave(this.#client());
    this.#marks = undefined;
  }

  #known(): ClientMarks {
    this.#marks ??= this.#attendee.services.marks.enter(this.#client());
    return this.#marks;
  }

  /** One client's marks are of no use to another principal that calls itself the same. */
  #client(): string {
    const { principal, session } = this.#attendee;
    return `${session} ${principal.id}`;
  }
}
