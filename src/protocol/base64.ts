import { byteAt } from "./elements.js";

const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
/** By the character's code: the digit's value and one more; 0 where there is no digit. */
const values = new Uint8Array(128);
for (let value = 0; value < ALPHABET.length; value++) values[ALPHABET.charCodeAt(value)] = value + 1;

/** The digit for the lowest six bits. */
function digit(bits: number): number {
  return ALPHABET.charCodeAt(bits & 63);
}

/** Base64 with padding (RFC 4648, 4). */
export function encodeBase64(bytes: Uint8Array): string {
  let text = "";
  for (let at = 0; at < bytes.length; at += 3) {
    const group = (byteAt(bytes, at) << 16) | (byteAt(bytes, at + 1) << 8) | byteAt(bytes, at + 2);
    text += String.fromCharCode(digit(group >> 18), digit(group >> 12), digit(group >> 6), digit(group));
  }
  const padding = (3 - (bytes.length % 3)) % 3;
  return padding === 0 ? text : text.slice(0, -padding).padEnd(text.length, "=");
}

/** The bytes of canonical base64: padded, nothing else in it, unused bits zero (RFC 4648, 3.5). Undefined for any other text. */
export function decodeBase64(text: string): Uint8Array | undefined {
  if (text.length % 4 !== 0) return undefined;
  const padding = text.endsWith("==") ? 2 : text.endsWith("=") ? 1 : 0;
  const bytes = new Uint8Array((text.length / 4) * 3 - padding);
  let group = 0;
  let written = 0;
  for (let at = 0; at < text.length - padding; at++) {
    const value = byteAt(values, text.charCodeAt(at));
    if (value === 0) return undefined;
    group = ((group << 6) | (value - 1)) & 0xff_ffff;
    if (at % 4 > 0) bytes[written++] = group >> (6 - (at % 4) * 2);
  }
  // Bits that the last digit has and no byte takes.
  const unused = (1 << (padding * 2)) - 1;
  return (group & unused) === 0 ? bytes : undefined;
}
