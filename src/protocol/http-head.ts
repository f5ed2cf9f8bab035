import { NO_BYTES } from "./elements.js";
import { HandshakeError, type HandshakeErrorCode } from "./errors.js";
import { HeaderMap } from "./header-map.js";
import { isFieldValue, isToken, tokenLength, trimBlanks } from "./header-syntax.js";
import { readLatin1 } from "./latin1.js";

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

/** RFC 9112, 2.3. */
const PROTOCOL = /^HTTP\/\d\.\d$/;

const malformed: Readonly<Record<HeadKind, HandshakeErrorCode>> = {
  request: "handshake/malformed",
  response: "handshake/response-malformed",
};

/**
 * Takes the head of an HTTP/1.1 message out of chunks that may end anywhere (RFC 9112, 2).
 *
 * Each byte is looked at once, a line's together. Lines end with CR LF and with nothing else; a header is on one line. A
 * reader reads one head: once it has returned one or thrown, it is not to be used any more.
 */
export class HttpHeadReader {
  readonly #kind: HeadKind;
  readonly #limits: HeadLimits;
  #bytesCount = 0;
  /** What has come of the line that is being read, without its CR. */
  #line = "";
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
    const bytesLeft = this.#limits.headBytesMax - this.#bytesCount;
    const text = readLatin1(chunk.length > bytesLeft ? chunk.subarray(0, bytesLeft) : chunk);
    this.#bytesCount += text.length;
    let at = 0;
    while (at < text.length) {
      if (this.#hasCr) {
        if (text.charAt(at++) !== "\n") throw this.#malformed("a CR without an LF behind it");
        this.#hasCr = false;
        const startLine = this.#endLine();
        if (startLine !== undefined) {
          const rest = at === chunk.length ? NO_BYTES : chunk.subarray(at);
          return { startLine, headers: new HeaderMap(this.#fields), rest };
        }
      }
      const crAt = text.indexOf("\r", at);
      this.#line += this.#checked(text.slice(at, crAt === -1 ? undefined : crAt));
      this.#hasCr = crAt !== -1;
      at = crAt === -1 ? text.length : crAt + 1;
    }
    if (text.length < chunk.length) throw new HandshakeError("handshake/head-too-large");
    return undefined;
  }

  /** RFC 9110, 5.5: a line has no control characters but the tab, a bare LF neither. */
  #checked(text: string): string {
    if (isFieldValue(text)) return text;
    throw this.#malformed("a control character, or an LF without a CR before it");
  }

  /** Take the line that has ended; the head's first line, when it was the blank one at the head's end. */
  #endLine(): string | undefined {
    const line = this.#line;
    this.#line = "";
    if (this.#startLine === undefined) {
      if (line === "") throw this.#malformed("a blank line at its beginning");
      this.#startLine = line;
      return undefined;
    }
    if (line === "") return this.#startLine;
    if (this.#fields.length / 2 >= this.#limits.headersMax) throw new HandshakeError("handshake/too-many-headers");
    const nameLength = tokenLength(line, 0);
    // RFC 9112, 5.1: no blank before the colon; 5.2: no line that goes on with the header before it.
    if (nameLength === 0 || line.charAt(nameLength) !== ":") throw this.#malformed("a header without a proper name");
    this.#fields.push(line.slice(0, nameLength), trimBlanks(line.slice(nameLength + 1)));
    return undefined;
  }

  #malformed(detail: string): HandshakeError {
    return new HandshakeError(malformed[this.#kind], { detail });
  }
}

/** A request's head. */
export interface RequestHead {
  readonly method: string;
  /** As it came. `checkUpgradeRequest` takes the origin form alone: a path and perhaps a query (RFC 9112, 3.2.1). */
  readonly target: string;
  /** Such as `1.1`. */
  readonly httpVersion: string;
  readonly headers: HeaderMap;
}

/** @throws HandshakeError `handshake/malformed` when the request line is none (RFC 9112, 3). */
export function parseRequestHead(head: Head): RequestHead {
  const [method, rest] = cutAtBlank(head.startLine);
  const [target, protocol] = cutAtBlank(rest);
  if (!isToken(method) || target === "" || !PROTOCOL.test(protocol)) {
    throw new HandshakeError("handshake/malformed", { detail: "the request line is not METHOD TARGET HTTP/1.1" });
  }
  return { method, target, httpVersion: protocol.slice(5), headers: head.headers };
}

/** A response's head. */
export interface ResponseHead {
  /** Such as `1.1`. */
  readonly httpVersion: string;
  readonly status: number;
  readonly reason: string;
  readonly headers: HeaderMap;
}

/** @throws HandshakeError `handshake/response-malformed` when the status line is none (RFC 9112, 4). */
export function parseResponseHead(head: Head): ResponseHead {
  const [protocol, rest] = cutAtBlank(head.startLine);
  // Some servers leave out the blank before a reason that is empty.
  const [status, reason] = cutAtBlank(rest);
  if (!/^HTTP\/1\.\d$/.test(protocol) || !/^\d{3}$/.test(status)) {
    throw new HandshakeError("handshake/response-malformed", {
      detail: "the status line is not HTTP/1.1 STATUS REASON",
    });
  }
  return { httpVersion: protocol.slice(5), status: Number(status), reason, headers: head.headers };
}

/** What stands before the first blank, and what behind it. */
function cutAtBlank(text: string): readonly [before: string, behind: string] {
  const at = text.indexOf(" ");
  return at === -1 ? [text, ""] : [text.slice(0, at), text.slice(at + 1)];
}
