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

  /** The window's content, for the next message's dictionary. */
  get bytes(): Uint8Array | undefined {
    return this.#bytes;
  }

  /** Note a message's uncompressed bytes. */
  append(message: Uint8Array): void {
    const kept = this.#bytes ?? message.subarray(0, 0);
    const keptBytes = Math.min(kept.length, Math.max(0, this.#bytesMax - message.length));
    const messageBytes = Math.min(message.length, this.#bytesMax);
    const bytes = new Uint8Array(keptBytes + messageBytes);
    bytes.set(kept.subarray(kept.length - keptBytes));
    bytes.set(message.subarray(message.length - messageBytes), keptBytes);
    this.#bytes = bytes;
  }
}
