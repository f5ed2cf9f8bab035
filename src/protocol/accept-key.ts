import { encodeBase64 } from "./base64.js";
import { writeLatin1 } from "./latin1.js";
import { sha1 } from "./sha1.js";

/** RFC 6455, 1.3. */
const GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/** The `Sec-WebSocket-Accept` that answers a `Sec-WebSocket-Key` (RFC 6455, 4.2.2). */
export function acceptKey(key: string): string {
  const text = key + GUID;
  const bytes = new Uint8Array(text.length);
  writeLatin1(text, bytes);
  return encodeBase64(sha1(bytes));
}
