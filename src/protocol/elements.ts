/** The byte at an index that is known to be within `bytes`; 0 elsewhere. */
export function byteAt(bytes: Uint8Array, at: number): number {
  return bytes[at] ?? 0;
}
