import type { Random } from "../kernel/random.js";
import type { TextCodec } from "../kernel/text-codec.js";
import { ByteSlab, SLAB_PIECE_BYTES_MAX } from "./byte-slab.js";
import { byteAt } from "./elements.js";
import { HEADER_BYTES_MAX, opcodes } from "./frame-header.js";
import type { Frames } from "./frames.js";
import { mask } from "./mask.js";

/** Unmasked payloads from this size on are sent as they are, behind a header of their own, instead of copied. */
const COPIED_BYTES_MAX = 8 * 1024;
/** A UTF-16 unit takes at most three bytes of UTF-8. */
const UNIT_BYTES_MAX = 3;
const CHARACTER_BYTES_MAX = 4;

export interface FrameWriterOptions {
  /** Whether this endpoint is a client: its frames are masked (RFC 6455, 5.1). */
  readonly isMasked: boolean;
  readonly text: TextCodec;
  /** Where masking keys come from (RFC 6455, 10.3: not to be foreseen). */
  readonly random: Random;
}

export interface Frame {
  readonly opcode: number;
  /** Text is written as UTF-8. */
  readonly payload: string | Uint8Array;
  /** RSV1, on the first frame of a compressed message (RFC 7692, 6). */
  readonly isCompressed?: boolean;
  /** Default: true. */
  readonly isFinal?: boolean;
}

/** Turns frames into bytes. One writer can serve all connections of a role. */
export class FrameWriter {
  readonly #options: FrameWriterOptions;
  readonly #slab = new ByteSlab();
  readonly #key = new Uint8Array(4);

  constructor(options: FrameWriterOptions) {
    this.#options = options;
  }

  /** Append the frame to `output`. A large unmasked payload is not copied: it must not change until it was sent. */
  write(frame: Frame, output: Frames): void {
    const { payload } = frame;
    if (typeof payload === "string") this.#writeText(frame, payload, output);
    else this.#writeBytes(frame, payload, output);
  }

  #writeBytes(frame: Frame, payload: Uint8Array, output: Frames): void {
    const { length } = payload;
    const headerLength = this.#headerLength(length);
    const isCopied = this.#options.isMasked || length <= COPIED_BYTES_MAX;
    const { at, memory } = this.#room(headerLength + (isCopied ? length : 0));
    if (isCopied) memory.set(payload, at + headerLength);
    this.#finish(frame, { memory, at, length: isCopied ? length : 0, declared: length }, output);
    if (!isCopied) output.append(payload, 0, length);
  }

  /** Text is taken for ASCII first: to count its bytes before takes longer than to encode it. */
  #writeText(frame: Frame, text: string, output: Frames): void {
    const bytesMax = text.length * UNIT_BYTES_MAX;
    if (bytesMax + HEADER_BYTES_MAX <= SLAB_PIECE_BYTES_MAX) this.#writeShortText(frame, text, output);
    else this.#finish(frame, this.#encodeLongText(text), output);
  }

  /** The payload is moved where its header turns out to be longer. */
  #writeShortText(frame: Frame, text: string, output: Frames): void {
    const at = this.#slab.room(text.length * UNIT_BYTES_MAX + HEADER_BYTES_MAX);
    const { memory } = this.#slab;
    const guessed = this.#headerLength(text.length);
    const length = this.#options.text.encodeInto(text, memory, at + guessed);
    const headerLength = this.#headerLength(length);
    if (headerLength !== guessed) memory.copyWithin(at + headerLength, at + guessed, at + guessed + length);
    this.#finish(frame, { memory, at, length, declared: length }, output);
  }

  #encodeLongText(text: string): Placed {
    const asAscii = this.#encodeBehindHeader(text, text.length);
    // What has more bytes is longer here, too, wherever it was cut: a character takes no more than four.
    if (asAscii.length === text.length) return asAscii;
    return this.#encodeBehindHeader(text, this.#options.text.byteLength(text));
  }

  /** Encode as much of the text as lies in so many bytes and one character more, behind room for their header. */
  #encodeBehindHeader(text: string, byteLength: number): Placed {
    const headerLength = this.#headerLength(byteLength);
    const { at, memory } = this.#room(headerLength + byteLength + CHARACTER_BYTES_MAX);
    const length = this.#options.text.encodeInto(text, memory, at + headerLength);
    return { memory, at, length, declared: length };
  }

  /** Memory for so many bytes, and where they begin in it. */
  #room(size: number): { readonly memory: Uint8Array; readonly at: number } {
    if (size > SLAB_PIECE_BYTES_MAX) return { memory: this.#options.text.allocate(size), at: 0 };
    const at = this.#slab.room(size);
    return { memory: this.#slab.memory, at };
  }

  /** Write the header before the payload, mask that, and append both. */
  #finish(frame: Frame, { at, declared, length, memory }: Placed, output: Frames): void {
    const payloadAt = at + this.#headerLength(declared);
    this.#writeHeader(frame, declared, memory, at);
    const end = payloadAt + length;
    if (this.#options.isMasked) this.#mask(memory, payloadAt, end);
    if (memory === this.#slab.memory) this.#slab.take(end);
    output.append(memory, at, end);
  }

  #headerLength(length: number): number {
    return 2 + (length < 126 ? 0 : length < 0x1_0000 ? 2 : 8) + (this.#options.isMasked ? 4 : 0);
  }

  // oxlint-disable-next-line max-params -- one of them in an object would be made for each frame
  #writeHeader(frame: Frame, length: number, memory: Uint8Array, at: number): void {
    memory[at] = frame.opcode | (frame.isFinal === false ? 0 : 0x80) | (frame.isCompressed === true ? 0x40 : 0);
    const maskBit = this.#options.isMasked ? 0x80 : 0;
    if (length < 126) {
      memory[at + 1] = maskBit | length;
    } else if (length < 0x1_0000) {
      memory[at + 1] = maskBit | 126;
      memory[at + 2] = length >>> 8;
      memory[at + 3] = length;
    } else {
      memory[at + 1] = maskBit | 127;
      writeUint32(memory, at + 2, Math.floor(length / 0x1_0000_0000));
      writeUint32(memory, at + 6, length);
    }
  }

  #mask(memory: Uint8Array, payloadAt: number, end: number): void {
    const key = this.#key;
    this.#options.random.fill(key);
    memory.set(key, payloadAt - 4);
    const number = byteAt(key, 0) | (byteAt(key, 1) << 8) | (byteAt(key, 2) << 16) | (byteAt(key, 3) << 24);
    mask(memory, payloadAt, end, number);
  }
}

/** Where a frame stands in memory. */
interface Placed {
  readonly memory: Uint8Array;
  readonly at: number;
  /** How much of the payload stands behind the header. */
  readonly length: number;
  /** How long the payload is. */
  readonly declared: number;
}

function writeUint32(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >>> 24;
  bytes[at + 1] = value >>> 16;
  bytes[at + 2] = value >>> 8;
  bytes[at + 3] = value;
}

/** The opcode of a message's first frame. */
export function messageOpcode(data: string | Uint8Array): number {
  return typeof data === "string" ? opcodes.text : opcodes.binary;
}
