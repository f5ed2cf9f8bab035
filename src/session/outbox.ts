import type { PresenceUpdate } from "../hub/sink.js";
import type { Message } from "../hub/store.js";
import { PreparedMessage } from "../websocket/prepared-message.js";
import type { WireError } from "../wire/errors.js";
import type { Command, OkOf, Push } from "../wire/messages.js";
import { encodeError, encodeOk, encodePush } from "../wire/server-message-codec.js";
import type { SessionLimits } from "./limits.js";
import type { Link } from "./link.js";
import type { PushEncoder } from "./push-encoder.js";

/** What an outbox needs of all that the sessions share. */
export interface OutboxServices {
  readonly limits: Pick<SessionLimits, "outboxBytesMax">;
  readonly pushes: PushEncoder;
}

export interface OutboxOwner {
  /** The client reads so little that not even a reply has room. */
  outboxOverflowed(): void;
}

/** What a session sends. Messages and presence can be refused and come later; the rest is sent, or the session ends. */
export class Outbox {
  readonly #services: OutboxServices;
  readonly #link: Link;
  readonly #owner: OutboxOwner;

  constructor(services: OutboxServices, link: Link, owner: OutboxOwner) {
    this.#services = services;
    this.#link = link;
    this.#owner = owner;
  }

  /** Whether bytes wait. Then the session will be told when they have left. */
  get isBusy(): boolean {
    return this.#link.bufferedBytes > 0;
  }

  message(message: Message): boolean {
    return this.#hasRoom() && this.#link.send(this.#services.pushes.message(message));
  }

  presence(update: PresenceUpdate): boolean {
    return this.#hasRoom() && this.#link.send(this.#services.pushes.presence(update));
  }

  ok<Do extends Command["do"]>(re: number, ok: OkOf[Do]): void {
    this.#send(encodeOk(re, ok));
  }

  error(error: WireError): void {
    this.#send(encodeError(error));
  }

  push(push: Push): void {
    this.#send(encodePush(push));
  }

  #hasRoom(): boolean {
    return this.#link.bufferedBytes < this.#services.limits.outboxBytesMax;
  }

  #send(text: string): void {
    if (!this.#link.send(new PreparedMessage(text))) this.#owner.outboxOverflowed();
  }
}
