import type { PresenceUpdate } from "../hub/sink.js";
import type { Message } from "../hub/store.js";
import type { Clock, Timer } from "../kernel/clock.js";
import { PreparedMessage } from "../websocket/prepared-message.js";
import type { PresencePush } from "../wire/messages.js";
import { encodeMessagePush, encodePush } from "../wire/server-message-codec.js";

/** Of so many messages the encoded form is kept at most. A power of two. */
const slotCount = 1024;

/** Who reads the same does so within a second: then all of it is let go of, and encoded anew where somebody still wants it. */
const KEPT_MS = 1000;

export interface PushEncoderOptions {
  readonly clock: Clock;
  /**
   * … and of so many characters of their payloads, but for one message. Each is held in three forms. What one connection
   * takes at once should fit: the next takes the same.
   */
  readonly sizeMax: number;
}

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
  readonly #clock: Clock;
  readonly #sizeMax: number;
  #size = 0;
  /** The slot that was emptied last. */
  #emptied = 0;
  #forgetting: Timer | undefined;
  #presence: { readonly update: PresenceUpdate; readonly prepared: PreparedMessage } | undefined;

  constructor({ clock, sizeMax }: PushEncoderOptions) {
    this.#clock = clock;
    this.#sizeMax = sizeMax;
  }

  message(message: Message): PreparedMessage {
    const index = message.offset & (slotCount - 1);
    const slot = this.#slots[index];
    if (slot?.message === message) return slot.prepared;
    const prepared = new PreparedMessage(encodeMessagePush(message));
    this.#keep(index, { message, prepared });
    return prepared;
  }

  /** Let go of all messages. */
  forget(): void {
    this.#forgetting?.cancel();
    this.#forgetting = undefined;
    this.#slots.fill(undefined);
    this.#size = 0;
  }

  #keep(index: number, slot: Slot): void {
    this.#forgetting ??= this.#clock.schedule(KEPT_MS, () => this.forget());
    this.#empty(index);
    this.#slots[index] = slot;
    this.#size += slot.message.payload.length;
    for (let step = 0; step < slotCount && this.#size > this.#sizeMax; step++) {
      this.#emptied = (this.#emptied + 1) & (slotCount - 1);
      if (this.#emptied !== index) this.#empty(this.#emptied);
    }
  }

  #empty(index: number): void {
    this.#size -= this.#slots[index]?.message.payload.length ?? 0;
    this.#slots[index] = undefined;
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
