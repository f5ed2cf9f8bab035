import { assertHeader, HandshakeError } from "./errors.js";

/** Names and values in the order in which they are sent. */
export type HeaderList = readonly (readonly [name: string, value: string])[];

/** What the handshake says itself (RFC 6455, 4.1 and 4.2.2), or what would give it a body (RFC 9112, 6). */
const OWN = /^(?:host|upgrade|connection|sec-websocket-.*|content-length|transfer-encoding)$/i;

const NOTHING = new Uint8Array(0);

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
 * @throws HandshakeError `handshake/header` for a name or a value that would break the head apart.
 */
export function encodeHead(startLine: string, headers: HeaderList, body = ""): Uint8Array {
  let head = `${startLine}\r\n`;
  for (const [name, value] of headers) {
    assertHeader(name, value);
    head += `${name}: ${value}\r\n`;
  }
  head += "\r\n";
  const content = body === "" ? NOTHING : new TextEncoder().encode(body);
  const bytes = new Uint8Array(head.length + content.length);
  for (let at = 0; at < head.length; at++) bytes[at] = head.charCodeAt(at);
  bytes.set(content, head.length);
  return bytes;
}
