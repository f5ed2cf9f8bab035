/** For all that has no bytes yet, or any more. */
export const NO_BYTES: Uint8Array = new Uint8Array(0);

/** The byte at an index that is known to be within `bytes`; 0 elsewhere. */
export function byteAt(bytes: Uint8Array, at: number): number {
  return bytes[at] ?? 0;
}

/** The word at an index that is known to be within `words`; 0 elsewhere. */
export function wordAt(words: Int32Array, at: number): number {
  return words[at] ?? 0;
}

/** The number without a sign in the four bytes at `at`, the highest byte first. */
export function uint32At(bytes: Uint8Array, at: number): number {
  return (
    ((byteAt(bytes, at) << 24) |
      (byteAt(bytes, at + 1) << 16) |
      (byteAt(bytes, at + 2) << 8) |
      byteAt(bytes, at + 3)) >>>
    0
  );
}
