import { byteAt, NO_BYTES, uint32At } from "./elements.js";
import { ProtocolError } from "./errors.js";

/** RFC 6455, 5.2. */
export const opcodes = {
  continuation: 0x0,
  text: 0x1,
  binary: 0x2,
  close: 0x8,
  ping: 0x9,
  pong: 0xa,
} as const;

/** A control frame's payload is at most this long (RFC 6455, 5.5). */
export const CONTROL_PAYLOAD_BYTES_MAX = 125;
/** 2 bytes, 8 of extended length, 4 of masking key. */
export const HEADER_BYTES_MAX = 14;

export interface FrameHeaderOptions {
  /** Whether the frames come from a client: those are masked, a server's are not (RFC 6455, 5.1). */
  readonly isMasked: boolean;
  /** Whether permessage-deflate gives RSV1 a meaning (RFC 7692, 6). */
  readonly isDeflateNegotiated: boolean;
}

/**
 * Reads frame headers out of chunks that may end anywhere; the fields hold the last header that was whole.
 *
 * A broken rule is told with the first byte that shows it; one that a length breaks, with the length's last byte.
 */
export class FrameHeaderReader {
  isFinal = false;
  isCompressed = false;
  opcode = 0;
  /** In bytes; Infinity for a length that no number holds exactly. */
  payloadLength = 0;
  /** The first byte of the masking key in the lowest eight bits; 0 for a server's frame. */
  maskKey = 0;
  /** Whether the frames before leave a message unfinished; the reader's owner says so. */
  isMessageOpen = false;

  readonly #options: FrameHeaderOptions;
  /** The beginning of a header that a chunk's end cut; idle connections hold none. */
  #partial = NO_BYTES;
  #partialLength = 0;

  constructor(options: FrameHeaderOptions) {
    this.#options = options;
  }

  /**
   * Go on with the header at `at`; returns the index behind it, or -1 when the chunk ends within it.
   *
   * @throws ProtocolError when the bytes seen so far break a rule of RFC 6455, 5.1, 5.2, 5.4 or 5.5.
   */
  read(chunk: Uint8Array, at: number): number {
    if (at === chunk.length) return -1;
    if (this.#partialLength === 0) {
      const size = this.#parse(chunk, at, chunk.length - at);
      if (size > 0) return at + size;
    }
    if (this.#partial.length === 0) this.#partial = new Uint8Array(HEADER_BYTES_MAX);
    for (let next = at; next < chunk.length; next++) {
      this.#partial[this.#partialLength++] = byteAt(chunk, next);
      if (this.#parse(this.#partial, 0, this.#partialLength) > 0) {
        this.#partialLength = 0;
        this.#partial = NO_BYTES;
        return next + 1;
      }
    }
    return -1;
  }

  /** Parse what is there; returns the header's size in bytes, or 0 when more is needed. */
  #parse(bytes: Uint8Array, at: number, available: number): number {
    this.#parseFirstByte(byteAt(bytes, at));
    if (available < 2) return 0;
    const second = byteAt(bytes, at + 1);
    this.#checkSecondByte(second);
    const shortLength = second & 0x7f;
    const lengthSize = shortLength === 126 ? 2 : shortLength === 127 ? 8 : 0;
    const keyAt = at + 2 + lengthSize;
    if (available < 2 + lengthSize) return 0;
    this.payloadLength =
      lengthSize === 0 ? shortLength : lengthSize === 2 ? length16(bytes, at + 2) : length64(bytes, at + 2);
    if (!this.#options.isMasked) return keyAt - at;
    if (available < 6 + lengthSize) return 0;
    this.maskKey = readKey(bytes, keyAt);
    return keyAt + 4 - at;
  }

  #parseFirstByte(first: number): void {
    const opcode = first & 0x0f;
    const isControl = opcode >= opcodes.close;
    if ((opcode > opcodes.binary && !isControl) || opcode > opcodes.pong) {
      throw new ProtocolError("frame/reserved-opcode", `0x${opcode.toString(16)}`);
    }
    const isCompressed = (first & 0x40) !== 0;
    // RFC 7692, 6: RSV1 is for the first frame of a data message alone.
    const mayBeCompressed = this.#options.isDeflateNegotiated && (opcode === opcodes.text || opcode === opcodes.binary);
    if ((first & 0x30) !== 0 || (isCompressed && !mayBeCompressed)) throw new ProtocolError("frame/reserved-bits");
    const isFinal = (first & 0x80) !== 0;
    if (isControl && !isFinal) throw new ProtocolError("frame/control-fragmented");
    // RFC 6455, 5.4: a message goes on with continuations, and nothing else does.
    if (!isControl && (opcode === opcodes.continuation) !== this.isMessageOpen) {
      throw new ProtocolError(this.isMessageOpen ? "message/not-finished" : "message/nothing-to-continue");
    }
    this.opcode = opcode;
    this.isCompressed = isCompressed;
    this.isFinal = isFinal;
  }

  #checkSecondByte(second: number): void {
    const isMasked = (second & 0x80) !== 0;
    if (isMasked !== this.#options.isMasked) throw new ProtocolError(isMasked ? "frame/masked" : "frame/not-masked");
    const shortLength = second & 0x7f;
    if (this.opcode >= opcodes.close && shortLength > CONTROL_PAYLOAD_BYTES_MAX) {
      throw new ProtocolError("frame/control-too-long");
    }
    // RFC 6455, 5.5.1: a close frame has a code of two bytes, or no payload.
    if (this.opcode === opcodes.close && shortLength === 1) throw new ProtocolError("close/one-byte");
  }
}

function length16(bytes: Uint8Array, at: number): number {
  const length = (byteAt(bytes, at) << 8) | byteAt(bytes, at + 1);
  if (length < 126) throw new ProtocolError("frame/length-not-minimal", `${length} in 16 bits`);
  return length;
}

function length64(bytes: Uint8Array, at: number): number {
  const high = uint32At(bytes, at);
  if (high >= 0x8000_0000) throw new ProtocolError("frame/length-top-bit");
  const low = uint32At(bytes, at + 4);
  if (high === 0 && low < 0x1_0000) throw new ProtocolError("frame/length-not-minimal", `${low} in 64 bits`);
  return high > 0x1f_ffff ? Number.POSITIVE_INFINITY : high * 0x1_0000_0000 + low;
}

function readKey(bytes: Uint8Array, at: number): number {
  return (
    byteAt(bytes, at) | (byteAt(bytes, at + 1) << 8) | (byteAt(bytes, at + 2) << 16) | (byteAt(bytes, at + 3) << 24)
  );
}
