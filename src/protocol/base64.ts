const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const values = new Map(Array.from(ALPHABET, (character, value) => [character, value]));

/** Base64 with padding (RFC 4648, 4). */
export function encodeBase64(bytes: Uint8Array): string {
  let text = "";
  let group = 0;
  let bitsCount = 0;
  for (const byte of bytes) {
    group = (group << 8) | byte;
    for (bitsCount += 8; bitsCount >= 6; bitsCount -= 6) text += ALPHABET.charAt((group >> (bitsCount - 6)) & 63);
  }
  if (bitsCount > 0) text += ALPHABET.charAt((group << (6 - bitsCount)) & 63);
  return text.padEnd(Math.ceil(bytes.length / 3) * 4, "=");
}

/** The bytes of canonical base64: padded, nothing else in it, unused bits zero (RFC 4648, 3.5). Undefined for any other text. */
export function decodeBase64(text: string): Uint8Array | undefined {
  if (text.length % 4 !== 0) return undefined;
  const padding = text.endsWith("==") ? 2 : text.endsWith("=") ? 1 : 0;
  const bytes = new Uint8Array((text.length / 4) * 3 - padding);
  let group = 0;
  let written = 0;
  for (let at = 0; at < text.length - padding; at++) {
    const value = values.get(text.charAt(at));
    if (value === undefined) return undefined;
    group = ((group << 6) | value) & 0xff_ffff;
    if (at % 4 > 0) bytes[written++] = group >> (6 - (at % 4) * 2);
  }
  return encodeBase64(bytes) === text ? bytes : undefined;
}
