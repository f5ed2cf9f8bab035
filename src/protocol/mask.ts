import { byteAt } from "./elements.js";

/** From this length on, making a view for words costs less than masking byte by byte. */
const WORDS_FROM_BYTES = 48;

/** Masks or unmasks one payload that arrives in pieces (RFC 6455, 5.3: the same operation both ways). */
export class Masker {
  #key = 0;
  /** How far the key is turned for the next byte, in bits. */
  #shift = 0;

  /** Begin a payload. The key's first byte is in its lowest eight bits. */
  begin(key: number): void {
    this.#key = key;
    this.#shift = 0;
  }

  /** Mask the payload's next piece, `bytes` from `start` to before `end`, in place. */
  apply(bytes: Uint8Array, start: number, end: number): void {
    let at = start;
    if (end - start >= WORDS_FROM_BYTES) {
      at = this.#applyToWords(bytes, start, end);
    }
    this.#applyToBytes(bytes, at, end);
  }

  #applyToBytes(bytes: Uint8Array, start: number, end: number): void {
    const key = this.#key;
    let shift = this.#shift;
    for (let at = start; at < end; at++) {
      bytes[at] = byteAt(bytes, at) ^ (key >>> shift);
      shift = (shift + 8) & 31;
    }
    this.#shift = shift;
  }

  /** Mask whole words, aligned or not; returns the index of the first byte that is left. */
  #applyToWords(bytes: Uint8Array, start: number, end: number): number {
    const length = (end - start) & ~3;
    const view = new DataView(bytes.buffer, bytes.byteOffset + start, length);
    const word = this.#shift === 0 ? this.#key : (this.#key >>> this.#shift) | (this.#key << (32 - this.#shift));
    for (let at = 0; at < length; at += 4) view.setInt32(at, view.getInt32(at, true) ^ word, true);
    return start + length;
  }
}
