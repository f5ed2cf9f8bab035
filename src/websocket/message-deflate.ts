import type { TextCodec } from "../kernel/text-codec.js";
import type { Role } from "../protocol/connection.js";
import type { DeflateParameters } from "../protocol/deflate-negotiation.js";
import type { FrameWriter } from "../protocol/frame-writer.js";
import type { Deflate, Inflation } from "./ports.js";
import { encode, type Framed, type PreparedMessage } from "./prepared-message.js";
import { SlidingWindow } from "./sliding-window.js";

/** zlib makes no window of 8 bits: where the peer asked for one, messages are sent as they are (RFC 7692, 6). */
const WINDOW_BITS_MIN = 9;

export interface MessageDeflateOptions {
  readonly role: Role;
  readonly parameters: DeflateParameters;
  /** Messages shorter than this many bytes are sent as they are. */
  readonly fromBytes: number;
  readonly deflate: Deflate;
  readonly text: TextCodec;
}

/** permessage-deflate for one connection, both ways (RFC 7692, 7). */
export class MessageDeflate {
  readonly #options: MessageDeflateOptions;
  readonly #windowBits: number;
  readonly #sent: SlidingWindow | undefined;
  readonly #received: SlidingWindow | undefined;

  constructor(options: MessageDeflateOptions) {
    const { parameters } = options;
    const server = { bits: parameters.serverMaxWindowBits, isAlone: parameters.serverNoContextTakeover };
    const client = { bits: parameters.clientMaxWindowBits, isAlone: parameters.clientNoContextTakeover };
    const [own, peer] = options.role === "server" ? [server, client] : [client, server];
    this.#options = options;
    this.#windowBits = own.bits;
    this.#sent = own.isAlone ? undefined : new SlidingWindow(own.bits);
    this.#received = peer.isAlone ? undefined : new SlidingWindow(peer.bits);
  }

  /** Whether a message of this many bytes is to be compressed, and not better sent as it is. */
  isWorthwhile(bytes: number): boolean {
    return bytes >= this.#options.fromBytes && this.#windowBits >= WINDOW_BITS_MIN;
  }

  /** Compress the next message that is sent. Not called again before the last one is done. */
  deflate(data: string | Uint8Array): Uint8Array | Promise<Uint8Array> {
    const { deflate, text } = this.#options;
    const payload = typeof data === "string" ? encode(data, text) : data;
    const dictionary = this.#sent?.bytes;
    this.#sent?.append(payload);
    return deflate.deflate(payload, { windowBits: this.#windowBits, dictionary });
  }

  /** The shared frame of a prepared message, as the next one that is sent: the peer's window holds it, too. */
  deflatePrepared(message: PreparedMessage, writer: FrameWriter): Framed | Promise<Framed> {
    const { deflate, text } = this.#options;
    this.#sent?.append(message.bytes(text));
    return message.deflated({ deflate, text, windowBits: this.#windowBits, writer });
  }

  /** Inflate the next message that was received. Not called again before the last one is done. */
  inflate(payload: Uint8Array, bytesMax: number): Inflation | Promise<Inflation> {
    const dictionary = this.#received?.bytes;
    const inflation = this.#options.deflate.inflate(payload, { bytesMax, dictionary });
    if (inflation instanceof Promise) return inflation.then((result) => this.#noteReceived(result));
    return this.#noteReceived(inflation);
  }

  #noteReceived(inflation: Inflation): Inflation {
    if (typeof inflation !== "string") this.#received?.append(inflation);
    return inflation;
  }
}
