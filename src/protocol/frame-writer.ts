import type { Random } from "../kernel/random.js";
import type { TextCodec } from "../kernel/text-codec.js";
import { ByteSlab } from "./byte-slab.js";
import { byteAt } from "./elements.js";
import { opcodes } from "./frame-header.js";
import { Masker } from "./mask.js";

/** Unmasked payloads from this size on are sent as they are, behind a header of their own, instead of copied. */
const COPIED_BYTES_MAX = 8 * 1024;

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
  readonly #masker = new Masker();
  readonly #key = new Uint8Array(4);

  constructor(options: FrameWriterOptions) {
    this.#options = options;
  }

  /**
   * Append the frame's bytes to `output`: one piece, or two where a large unmasked payload is not copied. Such a
   * payload must not change until it was sent.
   */
  write(frame: Frame, output: Uint8Array[]): void {
    const { payload } = frame;
    const length = typeof payload === "string" ? this.#options.text.byteLength(payload) : payload.length;
    const headerLength = this.#headerLength(length);
    if (typeof payload !== "string" && !this.#options.isMasked && length > COPIED_BYTES_MAX) {
      const header = this.#slab.take(headerLength);
      this.#writeHeader(frame, length, header);
      output.push(header, payload);
      return;
    }
    const bytes = this.#slab.take(headerLength + length);
    this.#writeHeader(frame, length, bytes);
    if (typeof payload === "string") this.#options.text.encodeInto(payload, bytes, headerLength);
    else bytes.set(payload, headerLength);
    if (this.#options.isMasked) this.#mask(bytes, headerLength);
    output.push(bytes);
  }

  #headerLength(length: number): number {
    return 2 + (length < 126 ? 0 : length < 0x1_0000 ? 2 : 8) + (this.#options.isMasked ? 4 : 0);
  }

  #writeHeader(frame: Frame, length: number, bytes: Uint8Array): void {
    bytes[0] = frame.opcode | (frame.isFinal === false ? 0 : 0x80) | (frame.isCompressed === true ? 0x40 : 0);
    const maskBit = this.#options.isMasked ? 0x80 : 0;
    if (length < 126) {
      bytes[1] = maskBit | length;
    } else if (length < 0x1_0000) {
      bytes[1] = maskBit | 126;
      bytes[2] = length >>> 8;
      bytes[3] = length;
    } else {
      bytes[1] = maskBit | 127;
      writeUint32(bytes, 2, Math.floor(length / 0x1_0000_0000));
      writeUint32(bytes, 6, length);
    }
  }

  #mask(bytes: Uint8Array, headerLength: number): void {
    const key = this.#key;
    this.#options.random.fill(key);
    bytes.set(key, headerLength - 4);
    this.#masker.begin(byteAt(key, 0) | (byteAt(key, 1) << 8) | (byteAt(key, 2) << 16) | (byteAt(key, 3) << 24));
    this.#masker.apply(bytes, headerLength, bytes.length);
  }
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
