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
    if (end - start < WORDS_FROM_BYTES) return this.#applyToBytes(bytes, start, end);
    const aligned = start + (-(bytes.byteOffset + start) & 3);
    this.#applyToBytes(bytes, start, aligned);
    this.#applyToBytes(bytes, this.#applyToWords(bytes, aligned, end), end);
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

  /** Mask whole words from where one begins in memory; returns the index of the first byte that is left. */
  #applyToWords(bytes: Uint8Array, start: number, end: number): number {
    const count = (end - start) >>> 2;
    const words = new Int32Array(bytes.buffer, bytes.byteOffset + start, count);
    const word = this.#word();
    // Eight at once: 3.1 µs for 16 KiB, one by one 4.6, and 11 with a DataView.
    const countOfEight = count & ~7;
    let at = 0;
    for (; at < countOfEight; at += 8) {
      words[at] = wordAt(words, at) ^ word;
      words[at + 1] = wordAt(words, at + 1) ^ word;
      words[at + 2] = wordAt(words, at + 2) ^ word;
      words[at + 3] = wordAt(words, at + 3) ^ word;
      words[at + 4] = wordAt(words, at + 4) ^ word;
      words[at + 5] = wordAt(words, at + 5) ^ word;
      words[at + 6] = wordAt(words, at + 6) ^ word;
      words[at + 7] = wordAt(words, at + 7) ^ word;
    }
    for (; at < count; at++) words[at] = wordAt(words, at) ^ word;
    return start + count * 4;
  }

  /** The key for the next four bytes, as this machine has them in a word. */
  #word(): number {
    for (let at = 0; at < 4; at++) keyBytes[at] = this.#key >>> ((this.#shift + at * 8) & 31);
    return wordAt(keyWord, 0);
  }
}
