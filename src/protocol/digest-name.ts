import { portableTextCodec as text } from "../kernel/text-codec.js";
import { hexOf } from "../kernel/hex.js";
import { sha1 } from "./sha1.js";

/** A name of `bytes` (at most 20) bytes as hexadecimal digits: always the same for the same text, and tells nothing of it. */
export function digestName(secret: string, bytes: number): string {
  const message = new Uint8Array(text.byteLength(secret));
  text.encodeInto(secret, message, 0);
  return hexOf(sha1(message).subarray(0, bytes));
}
