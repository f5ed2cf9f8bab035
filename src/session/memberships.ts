import type { StandardSchema } from "../contract/standard-schema.js";
import { validate } from "../contract/validation.js";
import { BusbarError } from "../kernel/errors.js";
import { wireError } from "../wire/errors.js";
import type { JoinCommand } from "../wire/messages.js";
import { channelDenial, logUnavailable, permit } from "./permission.js";
import type { Attendee } from "./services.js";

/** The channels on which a session is present, under one name on all of them. */
export class Memberships {
  readonly #attendee: Attendee;
  readonly #channels = new Set<string>();

  constructor(attendee: Attendee) {
    this.#attendee = attendee;
  }

  /** Be present, or change the state. Rejects with the WireError of the refusal. */
  async join({ channel, id, state }: JoinCommand): Promise<void> {
    const attendee = this.#attendee;
    const { member, outbox, services } = attendee;
    const { definition } = permit(attendee, channel, "presence");
    if (definition.presence === undefined) throw wireError("channel/no-presence", `${channel} has no presence`);
    this.#checkRoomFor(channel);
    const valid = await this.#validState(definition.presence, state);
    if (attendee.isOver) return;
    // Noted before it is so: a session that ends meanwhile takes it back behind it.
    this.#channels.add(channel);
    try {
      await services.hub.join(channel, { member, id: attendee.principal.id, state: valid });
    } catch (error) {
      this.#channels.delete(channel);
      throw refusalOf(error);
    }
    if (attendee.isOver) return services.hub.lapse(channel, member);
    try {
      // What was decided before it took time may be decided otherwise now.
      permit(attendee, channel, "presence");
    } catch (error) {
      this.#channels.delete(channel);
      services.hub.leave(channel, member);
      throw error;
    }
    this.#channels.add(channel);
    outbox.ok<"join">(id, { member });
  }

  /** @throws WireError `subscription/none`. */
  leave(channel: string): void {
    if (!this.#channels.delete(channel)) throw wireError("subscription/none", `there is no membership on ${channel}`);
    this.#attendee.services.hub.leave(channel, this.#attendee.member);
  }

  /** The principal has other roles, or the policy is another: leave where it may not be any more. */
  judge(): void {
    for (const channel of this.#channels) {
      if (channelDenial(this.#attendee, channel, "presence") !== undefined) this.leave(channel);
    }
  }

  /** The channels on which it is present, or about to be. */
  get channels(): Iterable<string> {
    return this.#channels;
  }

  /** Leave all channels; or, where the client may come back, stay there for the time of a lease. */
  end(how: "leave" | "lapse"): void {
    const { member, services } = this.#attendee;
    for (const channel of this.#channels) services.hub[how](channel, member);
    this.#channels.clear();
  }

  #checkRoomFor(channel: string): void {
    const { membershipsMax } = this.#attendee.services.limits;
    if (this.#channels.size >= membershipsMax && !this.#channels.has(channel)) {
      throw wireError("subscription/too-many", `a connection can be present on ${membershipsMax} channels`);
    }
  }

  async #validState(schema: StandardSchema, state: unknown): Promise<unknown> {
    const { presenceStateMax } = this.#attendee.services.limits;
    const validation = await validate(schema, state);
    if (!validation.isValid) throw wireError("message/invalid", `state: ${validation.problem}`);
    const valid = validation.value ?? null;
    if (JSON.stringify(valid).length > presenceStateMax) {
      throw wireError("message/invalid", `state: longer than ${presenceStateMax} characters as JSON`);
    }
    return valid;
  }
}

function refusalOf(error: unknown): unknown {
  if (!(error instanceof BusbarError)) return error;
  switch (error.code) {
    case "hub/too-many-members":
      return wireError("subscription/too-many", error.message, { cause: error });
    case "hub/not-your-member":
      return wireError("policy/denied", error.message, { cause: error });
    case "hub/not-opened":
      return logUnavailable(error);
    default:
      return error;
  }
}
