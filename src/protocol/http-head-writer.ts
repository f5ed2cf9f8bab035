import { NO_BYTES } from "./elements.js";
import { assertHeader, HandshakeError } from "./errors.js";
import { writeLatin1 } from "./latin1.js";

/** Names and values in the order in which they are sent. */
export type HeaderList = readonly (readonly [name: string, value: string])[];

/** What the handshake says itself (RFC 6455, 4.1 and 4.2.2), or what would give it a body (RFC 9112, 6). */
const OWN = /^(?:host|upgrade|connection|sec-websocket-.*|content-length|transfer-encoding)$/i;

/**
 * The headers that a caller adds to a handshake.
 *
 * @throws HandshakeError `handshake/header` for one that the handshake writes itself.
 */
export function addedHeaders(headers: HeaderList): HeaderList {
  const own = headers.find(([name]) => OWN.test(name));
  if (own !== undefined) throw new HandshakeError("handshake/header", { detail: JSON.stringify(own[0]) });
  return headers;
}

/**
 * Write a head, one byte for each character as `HttpHeadReader` reads it, and a body in UTF-8 behind it.
 *
 * @param start the first line, and headers behind it that need no look
 * @throws HandshakeError `handshake/header` for a name or a value that would break the head apart.
 */
export function encodeHead(start: string, headers: HeaderList, body = ""): Uint8Array {
  let head = `${start}\r\n`;
  for (const [name, value] of headers) {
    assertHeader(name, value);
    head += `${name}: ${value}\r\n`;
  }
  head += "\r\n";
  const content = body === "" ? NO_BYTES : new TextEncoder().encode(body);
  const bytes = new Uint8Array(head.length + content.length);
  writeLatin1(head, bytes);
  bytes.set(content, head.length);
  return bytes;
}
