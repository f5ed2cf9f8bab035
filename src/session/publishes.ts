import type { MessageOrigin, Publication } from "../pipeline/pipeline.js";
import type { Principal } from "../auth/principal.js";
import { errorBody, wireError, WireError } from "../wire/errors.js";
import type {
  PublishAllCommand,
  PublishAllOk,
  PublishCommand,
  PublishOk,
  Repeatable,
  Timing,
} from "../wire/messages.js";
import type { HeldMessages } from "./held-messages.js";
import { permit } from "./permission.js";
import type { Attendee } from "./services.js";

/** What a session publishes, in the order of each channel's numbers. */
export class Publishes {
  readonly #attendee: Attendee;
  readonly #held: HeldMessages;

  /** @param held what was refused before it was known who published it, and what will be */
  constructor(attendee: Attendee, held: HeldMessages) {
    this.#attendee = attendee;
    this.#held = held;
  }

  /**
   * Hand a message to the pipeline, which logs what it refuses.
   *
   * Rejects with the WireError of the refusal.
   */
  publish(command: Omit<PublishCommand, "do" | "id">): Promise<PublishOk> {
    const { principal, services } = this.#attendee;
    const { ageMs, channel, data, seq } = command;
    const match = permit(this.#attendee, channel, "publish");
    const dueAt = dueAtOf(command, services.clock.wallTimeMs());
    return this.#publish({ channel, match, data, principal, dueAt }, { ageMs, seq });
  }

  /** Hand on several messages of one channel, in their order. @throws WireError when none of them can be published. */
  async publishAll(command: PublishAllCommand): Promise<PublishAllOk> {
    const { principal, services } = this.#attendee;
    const { ageMs, channel, messages, seq } = command;
    const dueAt = dueAtOf(command, services.clock.wallTimeMs());
    const match = permit(this.#attendee, channel, "publish");
    const receipts = messages.map((data, index) =>
      this.#publish(
        { channel, match, data, principal, dueAt },
        { ageMs, seq: seq === undefined ? undefined : seq + index },
      ).catch((error: unknown) => ({ error: errorBody(refusalOf(error)) })),
    );
    return { receipts: await Promise.all(receipts) };
  }

  #publish(publication: Publication<Principal>, { ageMs, seq }: Loose<Repeatable>): Promise<PublishOk> {
    const { producer, services } = this.#attendee;
    if (seq === undefined) return services.pipeline.publish(publication);
    if (producer === undefined) return Promise.reject(wireError("wire/malformed", "`seq` needs `client` in hello"));
    const { channel } = publication;
    const held = this.#held.before(channel, seq);
    if (held !== undefined) {
      const message = `message ${held.seq} of this channel was refused for now; send it again first`;
      return Promise.reject(wireError("publish/out-of-turn", message, { retryAfterMs: held.retryAfterMs }));
    }
    const firstSentAt = ageMs === undefined ? undefined : services.clock.wallTimeMs() - ageMs;
    const origin: MessageOrigin = { producer, sequence: seq, firstSentAt };
    const onRefused = (error: WireError): void => this.#held.refused({ channel, seq }, error);
    return services.pipeline.publish({ ...publication, origin, onRefused });
  }
}

/** When a message is due, in milliseconds since 1970 UTC; undefined: at once. */
function dueAtOf({ ageMs = 0, after, deliverAt }: Timing & Repeatable, nowMs: number): number | undefined {
  return after === undefined ? deliverAt : nowMs - ageMs + after;
}

type Loose<Type> = { readonly [Name in keyof Type]: Type[Name] | undefined };

/** A refusal as it is, or what stands for a defect, of which only the log has the details. */
export function refusalOf(error: unknown): WireError {
  if (error instanceof WireError) return error;
  return wireError("server/internal", "a defect in the server; its log has the details", { cause: error });
}
