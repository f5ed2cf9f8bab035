import { encodeCommand } from "../wire/command-codec.js";
import { valueOrRefusal, WireError, wireError } from "../wire/errors.js";
import { parseJsonObject, readPayload } from "../wire/json.js";
import type { Command, ServerMessage } from "../wire/messages.js";
import { decodeServerMessage } from "../wire/server-message-codec.js";
import { subprotocol } from "../wire/subprotocol.js";
import { clientError } from "./errors.js";

/** Turns commands into messages and messages into what they say. Another codec of the wire is another encoder. */
export interface Encoder {
  readonly subprotocol: string;
  /**
   * @throws BusbarError `message/invalid` when the payload is not JSON, `message/too-large` when it takes more than
   * `bytesMax`.
   */
  encode(command: Command, bytesMax: number): string;
  /**
   * A payload as the server will read it, which nobody changes any more, and how many bytes a command takes with it.
   *
   * @throws BusbarError like `encode`; `message/invalid` also where the server would not take it: `undefined`, too deep.
   */
  copy(channel: string, data: unknown, bytesMax: number): { readonly data: unknown; readonly bytes: number };
  /** Returns the error for what cannot be read. */
  decode(text: string): ServerMessage | WireError;
}

export const jsonEncoder: Encoder = {
  subprotocol,
  encode(command, bytesMax) {
    const text = encodeCommand(command);
    // A character takes at most 3 bytes, so that nearly nothing has to be counted.
    if (text.length * 3 > bytesMax && byteLength(text) > bytesMax) {
      throw clientError("message/too-large", { message: `more than ${bytesMax} bytes` });
    }
    return text;
  },
  copy(channel, data, bytesMax) {
    // The longest command that this payload can be part of.
    const id = Number.MAX_SAFE_INTEGER;
    const text = this.encode({ id, do: "publish", channel, data, seq: id, ageMs: id, deliverAt: id }, bytesMax);
    const copy = valueOrRefusal(() => readPayload(parseJsonObject(text), "data"));
    if (copy instanceof WireError) throw wireError("message/invalid", copy.message);
    return { data: copy, bytes: byteLength(text) };
  },
  decode: decodeServerMessage,
};

const utf8 = new TextEncoder();

/** How many bytes a text takes in a message. */
export function byteLength(text: string): number {
  return utf8.encode(text).length;
}
