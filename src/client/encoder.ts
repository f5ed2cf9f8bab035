import { portableTextCodec } from "../kernel/text-codec.js";
import { encodeCommand } from "../wire/command-codec.js";
import type { WireError } from "../wire/errors.js";
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
  /** Returns the error for what cannot be read. */
  decode(text: string): ServerMessage | WireError;
}

export const jsonEncoder: Encoder = {
  subprotocol,
  encode(command, bytesMax) {
    const text = encodeCommand(command);
    // A character takes at most 3 bytes, so that nearly nothing has to be counted.
    if (text.length * 3 > bytesMax && portableTextCodec.byteLength(text) > bytesMax) {
      throw clientError("message/too-large", { message: `the message takes more than ${bytesMax} bytes` });
    }
    return text;
  },
  decode: decodeServerMessage,
};
