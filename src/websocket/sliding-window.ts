import { NO_BYTES } from "../protocol/elements.js";

/**
 * The last bytes of what went through a compressor, where its context is taken over from message to message.
 *
 * Kept instead of the compressor itself: 32 KiB at most instead of 270, and nothing before the first message.
 */
export class SlidingWindow {
  readonly #bytesMax: number;
  #bytes: Uint8Array | undefined;

  /** @param windowBits the LZ77 window's size, 8 to 15 (RFC 7692, 7.1.2). */
  constructor(windowBits: number) {
    this.#bytesMax = 1 << windowBits;
  }

  /** The window's content, for the next message's dictionary. It is replaced, never changed. */
  get bytes(): Uint8Array | undefined {
    return this.#bytes;
  }

  /** Note a message's uncompressed bytes. */
  append(message: Uint8Array): void {
    if (message.length === 0) return;
    const newest = message.subarray(Math.max(0, message.length - this.#bytesMax));
    const before = this.#bytes ?? NO_BYTES;
    const kept = before.subarray(Math.max(0, before.length + newest.length - this.#bytesMax));
    const bytes = new Uint8Array(kept.length + newest.length);
    bytes.set(kept);
    bytes.set(newest, kept.length);
    this.#bytes = bytes;
  }
}
