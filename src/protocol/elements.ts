/** The byte at an index that is known to be within `bytes`; 0 elsewhere. */
export function byteAt(bytes: Uint8Array, at: number): number {
  return bytes[at] ?? 0;
}

/** The word at an index that is known to be within `words`; 0 elsewhere. */
export function wordAt(words: Int32Array, at: number): number {
  return words[at] ?? 0;
}
