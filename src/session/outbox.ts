import type { PresenceUpdate } from "../hub/sink.js";
import type { Message } from "../hub/store.js";
import { PreparedMessage } from "../websocket/prepared-message.js";
import type { WireError } from "../wire/errors.js";
import type { Command, OkOf, Push } from "../wire/messages.js";
import { encodeError, encodeOk, encodePush } from "../wire/server-message-codec.js";
import type { Link } from "./link.js";
import type { PushEncoder } from "./push-encoder.js";

export interface OutboxOptions {
  readonly link: Link;
  readonly pushes: PushEncoder;
  /** From so many buffered bytes on no message is taken. */
  readonly bytesMax: number;
  /** The client reads so little that not even a reply has room. */
  readonly onOverflow: () => void;
}

/** What a session sends. Messages and presence can be refused and come later; the rest is sent, or the session ends. */
export class Outbox {
  readonly #options: OutboxOptions;

  constructor(options: OutboxOptions) {
    this.#options = options;
  }

  /** Whether bytes wait. Then the session will be told when they have left. */
  get isBusy(): boolean {
    return this.#options.link.bufferedBytes > 0;
  }

  message(message: Message): boolean {
    const { bytesMax, link, pushes } = this.#options;
    return link.bufferedBytes < bytesMax && link.send(pushes.message(message));
  }

  presence(update: PresenceUpdate): boolean {
    const { bytesMax, link, pushes } = this.#options;
    return link.bufferedBytes < bytesMax && link.send(pushes.presence(update));
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

  #send(text: string): void {
    if (!this.#options.link.send(new PreparedMessage(text))) this.#options.onOverflow();
  }
}
