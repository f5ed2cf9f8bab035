import { portableTextCodec } from "../kernel/text-codec.js";
import type { Credentials } from "../wire/messages.js";

/**
 * Read an `Authorization` header: `Basic` (RFC 7617, UTF-8) or `Bearer` (RFC 6750).
 *
 * Undefined where there is none, where it is malformed, or where the scheme is another.
 */
export function credentialsOf(header: string | undefined): Credentials | undefined {
  if (header === undefined) return undefined;
  const blank = header.indexOf(" ");
  const scheme = header.slice(0, Math.max(blank, 0)).toLowerCase();
  const rest = header.slice(blank + 1).trim();
  switch (scheme) {
    case "basic":
      return basicCredentials(rest);
    case "bearer":
      // RFC 6750, 2.1: b64token
      return /^[A-Za-z0-9._~+/-]+=*$/.test(rest) ? { scheme, token: rest } : undefined;
    default:
      return undefined;
  }
}

function basicCredentials(encoded: string): Credentials | undefined {
  const text = decodeBase64Text(encoded);
  // RFC 7617, 2: the user id has no colon, the password may.
  const colon = text?.indexOf(":") ?? -1;
  if (text === undefined || colon === -1) return undefined;
  return { scheme: "basic", username: text.slice(0, colon), password: text.slice(colon + 1) };
}

function decodeBase64Text(encoded: string): string | undefined {
  if (encoded.length % 4 !== 0 || !/^[A-Za-z0-9+/]+={0,2}$/.test(encoded)) return undefined;
  const bytes = Uint8Array.from(atob(encoded), (character) => character.charCodeAt(0));
  if (!portableTextCodec.isUtf8(bytes, 0, bytes.length)) return undefined;
  return portableTextCodec.decode(bytes, 0, bytes.length);
}
