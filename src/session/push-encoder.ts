import type { PresenceUpdate } from "../hub/sink.js";
import type { Message } from "../hub/store.js";
import { PreparedMessage } from "../websocket/prepared-message.js";
import type { PresencePush } from "../wire/messages.js";
import { encodeMessagePush, encodePush } from "../wire/server-message-codec.js";

/** Of so many messages the encoded form is kept. A power of two. */
const slotCount = 256;

interface Slot {
  readonly message: Message;
  readonly prepared: PreparedMessage;
}

/**
 * Encodes what goes to many sessions once: all sessions of a server share one encoder.
 *
 * A fan-out hands the same object to every subscriber, one after the other, and those who catch up together read the
 * same messages at about the same time: each is looked for in the slot of its offset. What is not there any more is
 * encoded again.
 */
export class PushEncoder {
  readonly #slots: (Slot | undefined)[] = Array.from({ length: slotCount }, () => undefined);
  #presence: { readonly update: PresenceUpdate; readonly prepared: PreparedMessage } | undefined;

  message(message: Message): PreparedMessage {
    const index = message.offset & (slotCount - 1);
    const slot = this.#slots[index];
    if (slot?.message === message) return slot.prepared;
    const prepared = new PreparedMessage(encodeMessagePush(message));
    this.#slots[index] = { message, prepared };
    return prepared;
  }

  presence(update: PresenceUpdate): PreparedMessage {
    if (this.#presence?.update !== update) {
      this.#presence = { update, prepared: new PreparedMessage(encodePush(presencePush(update))) };
    }
    return this.#presence.prepared;
  }
}

function presencePush(update: PresenceUpdate): PresencePush {
  const { channel } = update;
  switch (update.kind) {
    case "all":
      return { push: "presence", channel, members: update.members };
    case "change":
      return { push: "presence", channel, joined: update.joined, left: update.left };
  }
}
