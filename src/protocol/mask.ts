import { byteAt, wordAt } from "./elements.js";

/** From this length on, making a view for words costs less than masking byte by byte. */
const WORDS_FROM_BYTES = 48;

const keyBytes = new Uint8Array(4);
const keyWord = new Int32Array(keyBytes.buffer);

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
      const alignedStart = start + (-(bytes.byteOffset + start) & 3);
      this.#applyToBytes(bytes, start, alignedStart);
      at = this.#applyToWords(bytes, alignedStart, end);
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

  /** Mask whole words from an aligned start on; returns the index of the first byte that is left. */
  #applyToWords(bytes: Uint8Array, start: number, end: number): number {
    const wordCount = (end - start) >> 2;
    const words = new Int32Array(bytes.buffer, bytes.byteOffset + start, wordCount);
    for (let index = 0; index < 4; index++) keyBytes[index] = this.#key >>> ((this.#shift + index * 8) & 31);
    const word = wordAt(keyWord, 0);
    for (let index = 0; index < wordCount; index++) words[index] = wordAt(words, index) ^ word;
    return start + (wordCount << 2);
  }
}
