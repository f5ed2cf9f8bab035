import type { TextCodec } from "../kernel/text-codec.js";
import { byteAt } from "./elements.js";

/** Pieces shorter than this are checked byte by byte: handing them to the codec would cost more. */
const BULK_FROM_BYTES = 64;

/**
 * Checks UTF-8 that arrives in pieces and tells at the first byte that cannot belong to well-formed UTF-8.
 *
 * RFC 3629, 4; the ranges of the second byte are those of Unicode 15, table 3-7 (no overlong forms, no surrogates,
 * nothing above U+10FFFF).
 */
export class Utf8Validator {
  readonly #codec: TextCodec;
  #continuationBytes = 0;
  #lowest = 0x80;
  #highest = 0xbf;

  constructor(codec: TextCodec) {
    this.#codec = codec;
  }

  /** Whether what came so far ends with a whole character. */
  get isComplete(): boolean {
    return this.#continuationBytes === 0;
  }

  /** Begin anew, for the next text. */
  reset(): void {
    this.#continuationBytes = 0;
    this.#lowest = 0x80;
    this.#highest = 0xbf;
  }

  /** Check the next piece; false at the first bad byte, and then only `reset` makes sense. */
  push(bytes: Uint8Array, start: number, end: number): boolean {
    if (end - start < BULK_FROM_BYTES) return this.#pushBytes(bytes, start, end);
    const wholeFrom = start + this.#continuationBytes;
    if (!this.#pushBytes(bytes, start, wholeFrom)) return false;
    const wholeTo = startOfLastCharacter(bytes, end);
    return this.#codec.isUtf8(bytes, wholeFrom, wholeTo) && this.#pushBytes(bytes, wholeTo, end);
  }

  #pushBytes(bytes: Uint8Array, start: number, end: number): boolean {
    for (let at = start; at < end; at++) {
      const byte = byteAt(bytes, at);
      if (this.#continuationBytes > 0) {
        if (byte < this.#lowest || byte > this.#highest) return false;
        this.#lowest = 0x80;
        this.#highest = 0xbf;
        this.#continuationBytes--;
      } else if (byte >= 0x80 && !this.#begin(byte)) {
        return false;
      }
    }
    return true;
  }

  /** Take the first byte of a longer character; false when no character begins with it. */
  #begin(byte: number): boolean {
    if (byte < 0xc2 || byte > 0xf4) return false;
    if (byte < 0xe0) {
      this.#continuationBytes = 1;
    } else if (byte < 0xf0) {
      this.#continuationBytes = 2;
      if (byte === 0xe0) this.#lowest = 0xa0;
      else if (byte === 0xed) this.#highest = 0x9f;
    } else {
      this.#continuationBytes = 3;
      if (byte === 0xf0) this.#lowest = 0x90;
      else if (byte === 0xf4) this.#highest = 0x8f;
    }
    return true;
  }
}

/** The index at which the last character before `end` begins, looking back over at most its four bytes. */
function startOfLastCharacter(bytes: Uint8Array, end: number): number {
  let at = end - 1;
  for (let back = 0; back < 3 && (byteAt(bytes, at) & 0xc0) === 0x80; back++) at--;
  return at;
}
