import type { TextCodec } from "../kernel/text-codec.js";
import { messageOpcode, type FrameWriter } from "../protocol/frame-writer.js";
import { Frames, type Run } from "../protocol/frames.js";
import { requireMessage } from "./message-check.js";
import type { Deflate } from "./ports.js";

/** A message's frame, from a writer that does not mask. */
export type Framed = readonly Run[];

/**
 * A message that is framed once, and compressed once for each window size, for any number of a server's sockets.
 *
 * Bytes that are given must not change any more.
 */
export class PreparedMessage {
  readonly data: string | Uint8Array;
  #byteLength: number | undefined;
  #bytes: Uint8Array | undefined;
  #plain: Framed | undefined;
  #deflated: Map<number, Framed | Promise<Framed>> | undefined;

  /** @throws BusbarError `websocket/not-a-message` for what is neither text nor bytes. */
  constructor(data: string | Uint8Array) {
    requireMessage(data);
    this.data = data;
  }

  /** A limit for the message's bytes that takes no time. */
  get bytesAtMost(): number {
    return bytesAtMost(this.data);
  }

  /** How many bytes the message has. */
  byteLength(text: TextCodec): number {
    this.#byteLength ??= typeof this.data === "string" ? text.byteLength(this.data) : this.data.length;
    return this.#byteLength;
  }

  /** The message's bytes. */
  bytes(text: TextCodec): Uint8Array {
    this.#bytes ??= typeof this.data === "string" ? encode(this.data, text) : this.data;
    return this.#bytes;
  }

  /** The message's frame, from a writer that does not mask. */
  plain(writer: FrameWriter): Framed {
    this.#plain ??= this.#frame(writer, this.data, false);
    return this.#plain;
  }

  /** The frame of the message's compressed form, which no earlier message is needed to inflate. */
  deflated(options: PreparedDeflateOptions): Framed | Promise<Framed> {
    const { windowBits } = options;
    this.#deflated ??= new Map();
    let pieces = this.#deflated.get(windowBits);
    if (pieces === undefined) {
      pieces = this.#deflate(options, this.#deflated);
      this.#deflated.set(windowBits, pieces);
    }
    return pieces;
  }

  #deflate(options: PreparedDeflateOptions, made: Map<number, Framed | Promise<Framed>>): Framed | Promise<Framed> {
    const { deflate, text, windowBits, writer } = options;
    const deflated = deflate.deflate(this.bytes(text), { windowBits, dictionary: undefined });
    if (!(deflated instanceof Promise)) return this.#frame(writer, deflated, true);
    return deflated.then(
      (payload) => {
        const pieces = this.#frame(writer, payload, true);
        made.set(windowBits, pieces);
        return pieces;
      },
      (error: unknown) => {
        made.delete(windowBits);
        throw error;
      },
    );
  }

  #frame(writer: FrameWriter, payload: string | Uint8Array, isCompressed: boolean): Framed {
    const frames = new Frames();
    writer.write({ opcode: messageOpcode(this.data), payload, isCompressed }, frames);
    return frames.take();
  }
}

export interface PreparedDeflateOptions {
  readonly deflate: Deflate;
  readonly text: TextCodec;
  readonly windowBits: number;
  readonly writer: FrameWriter;
}

/** A limit for a message's bytes that takes no time: a UTF-16 unit has at most three bytes of UTF-8. */
export function bytesAtMost(data: string | Uint8Array): number {
  return typeof data === "string" ? data.length * 3 : data.length;
}

/** The UTF-8 of a text. */
export function encode(data: string, text: TextCodec): Uint8Array {
  const bytes = new Uint8Array(text.byteLength(data));
  text.encodeInto(data, bytes, 0);
  return bytes;
}
