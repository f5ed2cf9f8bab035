/** Bytes as hexadecimal digits, two for each. */
export function hexOf(bytes: Uint8Array): string {
  // Joined in one go: a string that is put together keeps its parts, forty bytes for each digit's.
  // The first of three digits says nothing: it keeps the second where it is 0.
  return Array.from(bytes, (byte) => (byte + 0x100).toString(16).slice(1)).join("");
}
