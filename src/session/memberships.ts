import type { StandardSchema } from "../contract/standard-schema.js";
import { validate } from "../contract/validation.js";
import { BusbarError } from "../kernel/errors.js";
import { wireError } from "../wire/errors.js";
import type { JoinCommand } from "../wire/messages.js";
import { permit } from "./permission.js";
import type { Attendee } from "./services.js";

/** The channels on which a session is present, under one name on all of them. */
export class Memberships {
  readonly #attendee: Attendee;
  readonly #member: string;
  readonly #channels = new Set<string>();

  /** @param member the name that the others see; it tells nothing about the session's own */
  constructor(attendee: Attendee, member: string) {
    this.#attendee = attendee;
    this.#member = member;
  }

  /** Be present, or change the state. Rejects with the WireError of the refusal. */
  async join({ channel, id, state }: JoinCommand): Promise<void> {
    const { isOver, outbox, principal, services } = this.#attendee;
    const { definition } = permit({ contract: services.contract, principal }, channel, "presence");
    if (definition.presence === undefined) throw wireError("channel/no-presence", `${channel} has no presence`);
    this.#checkRoomFor(channel);
    const valid = await this.#validState(definition.presence, state);
    if (isOver()) return;
    try {
      services.hub.join(channel, { member: this.#member, id: principal.id, state: valid });
    } catch (error) {
      throw refusalOf(error);
    }
    this.#channels.add(channel);
    outbox.ok<"join">(id, { member: this.#member });
  }

  /** @throws WireError `subscription/none`. */
  leave(channel: string): void {
    if (!this.#channels.delete(channel)) throw wireError("subscription/none", `there is no membership on ${channel}`);
    this.#attendee.services.hub.leave(channel, this.#member);
  }

  /** Leave all channels. */
  end(): void {
    for (const channel of this.#channels) this.#attendee.services.hub.leave(channel, this.#member);
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
  const isFull = error instanceof BusbarError && error.code === "hub/too-many-members";
  return isFull ? wireError("subscription/too-many", error.message, { cause: error }) : error;
}
