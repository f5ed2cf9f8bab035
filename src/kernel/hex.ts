/** Bytes as hexadecimal digits, two for each. */
export function hexOf(bytes: Uint8Array): string {
  let text = "";
  // The first of three digits says nothing: it keeps the second where it is 0.
  for (const byte of bytes) text += (byte + 0x100).toString(16).slice(1);
  return text;
}
