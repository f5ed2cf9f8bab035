import { HandshakeError, type HandshakeErrorCode } from "./errors.js";
import { HeaderMap } from "./header-map.js";

export interface HeadLimits {
  /** Request line and headers together, in bytes. */
  readonly headBytesMax: number;
  readonly headersMax: number;
}

/** Which side's head is read: its errors say whose fault they are. */
export type HeadKind = "request" | "response";

/** A head as lines, without their ends and without the blank one, and the bytes behind it. */
export interface Head {
  readonly startLine: string;
  readonly headers: HeaderMap;
  readonly rest: Uint8Array;
}

const CR = 0x0d;
const LF = 0x0a;

const malformed: Readonly<Record<HeadKind, HandshakeErrorCode>> = {
  request: "handshake/malformed",
  response: "handshake/response-malformed",
};

/**
 * Takes the head of an HTTP/1.1 message out of chunks that may end anywhere (RFC 9112, 2).
 *
 * Each byte is looked at once. Lines end with CR LF and with nothing else; a header is on one line.
 */
export class HttpHeadReader {
  readonly #kind: HeadKind;
  readonly #limits: HeadLimits;
  #bytesCount = 0;
  #line: string[] = [];
  #hasCr = false;
  #startLine: string | undefined;
  readonly #fields: string[] = [];

  constructor(kind: HeadKind, limits: HeadLimits) {
    this.#kind = kind;
    this.#limits = limits;
  }

  /**
   * Take the next bytes; returns the head when its last byte is among them.
   *
   * @throws HandshakeError `handshake/malformed` (or `response-malformed`), `head-too-large`, `too-many-headers`.
   */
  push(chunk: Uint8Array): Head | undefined {
    let textFrom = 0;
    for (let at = 0; at < chunk.length; at++) {
      if (++this.#bytesCount > this.#limits.headBytesMax) throw new HandshakeError("handshake/head-too-large");
      const byte = chunk[at] ?? 0;
      if (this.#hasCr) {
        if (byte !== LF) throw this.#malformed("a CR without an LF behind it");
        this.#hasCr = false;
        textFrom = at + 1;
        if (this.#endLine()) return this.#head(chunk.subarray(at + 1));
      } else if (byte === CR) {
        this.#line.push(latin1(chunk, textFrom, at));
        this.#hasCr = true;
      } else if (byte < 0x20 ? byte !== 0x09 : byte === 0x7f) {
        throw this.#malformed(`a control character, 0x${byte.toString(16).padStart(2, "0")}`);
      }
    }
    if (!this.#hasCr && textFrom < chunk.length) this.#line.push(latin1(chunk, textFrom, chunk.length));
    return undefined;
  }

  /** Take the line that has ended; true when it was the blank one at the end. */
  #endLine(): boolean {
    const line = this.#line.join("");
    this.#line = [];
    if (this.#startLine === undefined) {
      if (line === "") throw this.#malformed("a blank line at its beginning");
      this.#startLine = line;
      return false;
    }
    if (line === "") return true;
    if (this.#fields.length / 2 >= this.#limits.headersMax) throw new HandshakeError("handshake/too-many-headers");
    const colon = line.indexOf(":");
    // RFC 9112, 5.1: no blank before the colon; 5.2: no line that goes on with the header before it.
    if (colon < 1 || !isToken(line.slice(0, colon))) throw this.#malformed("a header without a proper name");
    this.#fields.push(line.slice(0, colon), trimBlanks(line.slice(colon + 1)));
    return false;
  }

  #head(rest: Uint8Array): Head {
    return { startLine: this.#startLine ?? "", headers: new HeaderMap(this.#fields), rest };
  }

  #malformed(detail: string): HandshakeError {
    return new HandshakeError(malformed[this.#kind], { detail });
  }
}

/** A request's head. */
export interface RequestHead {
  readonly method: string;
  /** In origin form: a path and perhaps a query (RFC 9112, 3.2.1). */
  readonly target: string;
  /** Such as `1.1`. */
  readonly httpVersion: string;
  readonly headers: HeaderMap;
}

/** @throws HandshakeError `handshake/malformed` when the request line is none (RFC 9112, 3). */
export function parseRequestHead(head: Head): RequestHead {
  const [method = "", target = "", protocol = "", ...more] = head.startLine.split(" ");
  const isVersion = /^HTTP\/\d\.\d$/.test(protocol);
  if (!isToken(method) || target === "" || !isVersion || more.length > 0) {
    throw new HandshakeError("handshake/malformed", { detail: "the request line is not METHOD TARGET HTTP/1.1" });
  }
  return { method, target, httpVersion: protocol.slice(5), headers: head.headers };
}

export interface ResponseHead {
  readonly status: number;
  readonly reason: string;
  readonly headers: HeaderMap;
}

/** @throws HandshakeError `handshake/response-malformed` when the status line is none (RFC 9112, 4). */
export function parseResponseHead(head: Head): ResponseHead {
  const match = /^HTTP\/1\.\d (\d{3})(?: (.*))?$/.exec(head.startLine);
  if (match === null) {
    throw new HandshakeError("handshake/response-malformed", {
      detail: "the status line is not HTTP/1.1 STATUS REASON",
    });
  }
  return { status: Number(match[1]), reason: match[2] ?? "", headers: head.headers };
}

/** RFC 9110, 5.6.2. */
export function isToken(text: string): boolean {
  return /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/.test(text);
}

/** Take blanks and tabs off both ends (RFC 9110, 5.6.3); in linear time, however many there are. */
export function trimBlanks(text: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && isBlank(text, start)) start++;
  while (end > start && isBlank(text, end - 1)) end--;
  return text.slice(start, end);
}

function isBlank(text: string, at: number): boolean {
  const code = text.charCodeAt(at);
  return code === 0x20 || code === 0x09;
}

/** One character for each byte: header values are opaque beyond ASCII (RFC 9110, 5.5). */
function latin1(bytes: Uint8Array, start: number, end: number): string {
  let text = "";
  for (let at = start; at < end; at++) text += String.fromCharCode(bytes[at] ?? 0);
  return text;
}
