import type { TextCodec } from "../kernel/text-codec.js";
import type { Inflation, Role } from "../protocol/connection.js";
import type { DeflateParameters } from "../protocol/deflate-negotiation.js";
import type { Deflate } from "./ports.js";
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
  readonly windowBits: number;
  readonly #sent: SlidingWindow | undefined;
  readonly #received: SlidingWindow | undefined;

  constructor(options: MessageDeflateOptions) {
    const { role, parameters } = options;
    const isServer = role === "server";
    this.#options = options;
    this.windowBits = isServer ? parameters.serverMaxWindowBits : parameters.clientMaxWindowBits;
    const sendsAlone = isServer ? parameters.serverNoContextTakeover : parameters.clientNoContextTakeover;
    const receivesAlone = isServer ? parameters.clientNoContextTakeover : parameters.serverNoContextTakeover;
    const receivedBits = isServer ? parameters.clientMaxWindowBits : parameters.serverMaxWindowBits;
    this.#sent = sendsAlone ? undefined : new SlidingWindow(this.windowBits);
    this.#received = receivesAlone ? undefined : new SlidingWindow(receivedBits);
  }

  get port(): Deflate {
    return this.#options.deflate;
  }

  /** The bytes to compress, or undefined for a message that is better sent as it is. */
  worthDeflating(data: string | Uint8Array): Uint8Array | undefined {
    const { fromBytes, text } = this.#options;
    if (this.windowBits < WINDOW_BITS_MIN) return undefined;
    if (typeof data !== "string") return data.length < fromBytes ? undefined : data;
    const length = text.byteLength(data);
    if (length < fromBytes) return undefined;
    const bytes = new Uint8Array(length);
    text.encodeInto(data, bytes, 0);
    return bytes;
  }

  /** Compress the next message that is sent. */
  deflate(payload: Uint8Array): Uint8Array | Promise<Uint8Array> {
    const dictionary = this.#sent?.bytes;
    this.noteSent(payload);
    return this.#options.deflate.deflate(payload, { windowBits: this.windowBits, dictionary });
  }

  /** Note a compressed message that was made elsewhere: the peer's window holds it, too. */
  noteSent(payload: Uint8Array): void {
    this.#sent?.append(payload);
  }

  /** Inflate the next message that was received. */
  inflate(payload: Uint8Array, bytesMax: number): Inflation | Promise<Inflation> {
    const inflation = this.#options.deflate.inflate(payload, {
      bytesMax,
      dictionary: this.#received?.bytes,
    });
    if (inflation instanceof Promise) return inflation.then((result) => this.#noteReceived(result));
    return this.#noteReceived(inflation);
  }

  #noteReceived(inflation: Inflation): Inflation {
    if (typeof inflation !== "string") this.#received?.append(inflation);
    return inflation;
  }
}
