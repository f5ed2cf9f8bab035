const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const values = new Map(Array.from(ALPHABET, (character, value) => [character, value]));

/** Base64 with padding (RFC 4648, 4). */
export function encodeBase64(bytes: Uint8Array): string {
  let text = "";
  for (let at = 0; at < bytes.length; at += 3) {
    const left = Math.min(3, bytes.length - at);
    const group = ((bytes[at] ?? 0) << 16) | ((bytes[at + 1] ?? 0) << 8) | (bytes[at + 2] ?? 0);
    for (let digit = 0; digit < 4; digit++) {
      text += digit <= left ? ALPHABET.charAt((group >> (18 - digit * 6)) & 63) : "=";
    }
  }
  return text;
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
