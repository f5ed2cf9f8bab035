import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { HandshakeError } from "./errors.js";
import { HeaderMap } from "./header-map.js";
import {
  HttpHeadReader,
  parseRequestHead,
  parseResponseHead,
  type Head,
  type HeadKind,
  type HeadLimits,
} from "./http-head.js";
import { encodeHead } from "./http-head-writer.js";

const defaults: HeadLimits = { headBytesMax: 16 * 1024, headersMax: 100 };
const { headBytesMax, headersMax } = defaults;

const bytesOf = (text: string): Uint8Array => Uint8Array.from(text, (character) => character.charCodeAt(0));

/** What a head says; the rest as text. */
interface Reading {
  readonly startLine: string;
  readonly headers: readonly (readonly [string, string])[];
  readonly rest: string;
}

function reading(head: Head | undefined): Reading | undefined {
  if (head === undefined) return undefined;
  return { startLine: head.startLine, headers: [...head.headers], rest: Buffer.from(head.rest).toString("latin1") };
}

/** Feed chunks until the head is there; what was not fed any more is part of the rest. */
function readChunks(
  chunks: readonly Uint8Array[],
  { kind = "request", ...limits }: { readonly kind?: HeadKind } & Partial<HeadLimits> = {},
): Reading | undefined {
  const reader = new HttpHeadReader(kind, { ...defaults, ...limits });
  for (const [index, chunk] of chunks.entries()) {
    const read = reading(reader.push(chunk));
    if (read === undefined) continue;
    const unread = chunks.slice(index + 1).map((bytes) => Buffer.from(bytes).toString("latin1"));
    return { ...read, rest: read.rest + unread.join("") };
  }
  return undefined;
}

/** The three ways in which each table is fed. */
const whole = (text: string): Uint8Array[] => [bytesOf(text)];
const byteByByte = (text: string): Uint8Array[] => Array.from(text, bytesOf);
const withEmptyChunks = (text: string): Uint8Array[] =>
  Array.from(text).flatMap((byte) => [bytesOf(""), bytesOf(byte)]);

function codeOf(action: () => unknown): string | undefined {
  try {
    action();
    return undefined;
  } catch (error) {
    if (error instanceof HandshakeError) return error.code;
    throw error;
  }
}

describe.each([
  ["whole", whole],
  ["byte by byte", byteByByte],
  ["with empty chunks between", withEmptyChunks],
])("a head that comes %s", (_, cut) => {
  it.each<[string, string, Reading["headers"]]>([
    ["no headers", "GET / HTTP/1.1\r\n\r\n", []],
    [
      "headers",
      "GET / HTTP/1.1\r\nHost: a\r\nX: b\r\n\r\n",
      [
        ["Host", "a"],
        ["X", "b"],
      ],
    ],
    [
      "blanks and tabs around values",
      "GET / HTTP/1.1\r\nA: \t b  c\t \r\nB:d\r\n\r\n",
      [
        ["A", "b  c"],
        ["B", "d"],
      ],
    ],
    [
      "empty values",
      "GET / HTTP/1.1\r\nA:\r\nB:  \r\n\r\n",
      [
        ["A", ""],
        ["B", ""],
      ],
    ],
    ["colons in a value", "GET / HTTP/1.1\r\nHost: a:80\r\n\r\n", [["Host", "a:80"]]],
    ["bytes beyond ASCII in a value", "GET / HTTP/1.1\r\nA: \u0080\u00ff\r\n\r\n", [["A", "\u0080\u00ff"]]],
    ["a header called __proto__", "GET / HTTP/1.1\r\n__proto__: a\r\n\r\n", [["__proto__", "a"]]],
    [
      "a repeated header",
      "GET / HTTP/1.1\r\nA: b\r\na: c\r\n\r\n",
      [
        ["A", "b"],
        ["a", "c"],
      ],
    ],
  ])("is read with %s, and what is behind it is left", (_name, text, headers) => {
    expect(readChunks(cut(text))).toEqual({ startLine: "GET / HTTP/1.1", headers, rest: "" });
    expect(readChunks(cut(`${text}\u0081\r\n\r\nGET`))).toMatchObject({ headers, rest: "\u0081\r\n\r\nGET" });
    for (let length = 0; length < text.length; length++) expect(readChunks(cut(text.slice(0, length)))).toBeUndefined();
  });

  it.each([
    ["a bare LF behind the request line", "GET / HTTP/1.1\nHost: a\r\n\r\n"],
    ["a bare LF behind a header", "GET / HTTP/1.1\r\nHost: a\n\r\n"],
    ["a bare LF for the blank line", "GET / HTTP/1.1\r\nHost: a\r\n\n"],
    ["a bare CR in a value", "GET / HTTP/1.1\r\nA: b\rC: d\r\n\r\n"],
    ["two CRs", "GET / HTTP/1.1\r\r\n\r\n"],
    ["a CR without LF for the blank line", "GET / HTTP/1.1\r\n\rA"],
    ["a blank line at its beginning", "\r\nGET / HTTP/1.1\r\n\r\n"],
    ["nothing but blank lines", "\r\n\r\n"],
    ["a header for its first line", "\r\nA: b\r\n\r\n"],
    ["a header on two lines", "GET / HTTP/1.1\r\nA: b\r\n c\r\n\r\n"],
    ["a header on two lines, with a tab", "GET / HTTP/1.1\r\nA: b\r\n\tc: d\r\n\r\n"],
    ["a blank before the first header", "GET / HTTP/1.1\r\n A: b\r\n\r\n"],
    ["a blank before the colon", "GET / HTTP/1.1\r\nA : b\r\n\r\n"],
    ["a tab before the colon", "GET / HTTP/1.1\r\nA\t: b\r\n\r\n"],
    ["a header without a colon", "GET / HTTP/1.1\r\nA\r\n\r\n"],
    ["a header without a name", "GET / HTTP/1.1\r\n: b\r\n\r\n"],
    ["a name with a quote", 'GET / HTTP/1.1\r\n"A": b\r\n\r\n'],
    ["a name beyond ASCII", "GET / HTTP/1.1\r\nÄ: b\r\n\r\n"],
    ["NUL in a value", "GET / HTTP/1.1\r\nA: \u0000\r\n\r\n"],
    ["ESC in a value", "GET / HTTP/1.1\r\nA: \u001b[2J\r\n\r\n"],
    ["DEL in a value", "GET / HTTP/1.1\r\nA: \u007f\r\n\r\n"],
    ["NUL in the request line", "GET /\u0000 HTTP/1.1\r\n\r\n"],
    ["the first bytes of TLS", "\u0016\u0003\u0001\u0002\u0000"],
  ])("is refused with %s", (_name, text) => {
    expect(codeOf(() => readChunks(cut(text)))).toBe("handshake/malformed");
    expect(codeOf(() => readChunks(cut(text), { kind: "response" }))).toBe("handshake/response-malformed");
  });

  it("is read at the limit of bytes and refused one byte above, before its end has come", () => {
    const start = "GET / HTTP/1.1\r\nA: ";
    const fill = headBytesMax - start.length - 4;
    const text = `${start}${"a".repeat(fill)}\r\n\r\n`;
    expect(text).toHaveLength(headBytesMax);
    expect(readChunks(cut(`${text}more`))).toMatchObject({ rest: "more" });
    expect(codeOf(() => readChunks(cut(`${start}${"a".repeat(fill + 1)}\r\n\r\n`)))).toBe("handshake/head-too-large");
    expect(codeOf(() => readChunks(cut("G".repeat(headBytesMax + 1))))).toBe("handshake/head-too-large");
  });

  it("is read with as many headers as the limit, and refused with one more", () => {
    const headers = (count: number): string => `GET / HTTP/1.1\r\n${"A: b\r\n".repeat(count)}\r\n`;
    expect(readChunks(cut(headers(headersMax)))?.headers).toHaveLength(headersMax);
    expect(codeOf(() => readChunks(cut(headers(headersMax + 1))))).toBe("handshake/too-many-headers");
    expect(codeOf(() => readChunks(cut(headers(2000))))).toBe("handshake/too-many-headers");
  });
});

describe("a reader of heads", () => {
  const name = fc.string({ unit: fc.constantFrom(...Array.from("aZ09!#$%&'*+-.^_`|~")), minLength: 1, maxLength: 8 });
  const value = fc
    .string({ unit: fc.integer({ min: 0x21, max: 0xff }).map((code) => String.fromCharCode(code)), maxLength: 12 })
    .filter((text) => !text.includes("\u007f"));
  const headers = fc.array(fc.tuple(name, value), { maxLength: 10 });

  it("reads what was written, wherever the chunks end", () => {
    const cuts = fc.array(fc.nat(), { maxLength: 8 });
    fc.assert(
      fc.property(headers, cuts, fc.uint8Array({ maxLength: 20 }), (list, places, rest) => {
        const bytes = Buffer.concat([encodeHead("GET /a?b HTTP/1.1", list), rest]);
        const ends = [...places.map((place) => place % bytes.length), bytes.length].sort((a, b) => a - b);
        const chunks = ends.map((end, index) => bytes.subarray(ends[index - 1] ?? 0, end));
        expect(readChunks(chunks)).toEqual({
          startLine: "GET /a?b HTTP/1.1",
          headers: list,
          rest: Buffer.from(rest).toString("latin1"),
        });
      }),
    );
  });

  it("says of any bytes the same at once and byte by byte, and throws nothing but its own errors", () => {
    const soup = fc.string({ unit: fc.constantFrom("\r\n", "\r", "\n", " ", ":", "a", "\t", "\u0000", "\u00ff", ",") });
    fc.assert(
      fc.property(soup, (text) => {
        const all = `GET / HTTP/1.1\r\n${text}`;
        const outcome = (chunks: Uint8Array[], limits?: HeadLimits): unknown => {
          let read: Reading | undefined;
          const code = codeOf(() => (read = readChunks(chunks, limits)));
          return code ?? read;
        };
        expect(outcome(byteByByte(all))).toEqual(outcome(whole(all)));
        const narrow = { headBytesMax: 24, headersMax: 1 };
        expect(outcome(byteByByte(all), narrow)).toEqual(outcome(whole(all), narrow));
      }),
      { numRuns: 500 },
    );
  });

  it("reads a line of any length at once, where its limits allow it", () => {
    const value = Array.from({ length: 300_000 }, (_, at) => String.fromCharCode(0x21 + (at % 90))).join("");
    const text = `GET / HTTP/1.1\r\nA: ${value}\r\n\r\nrest`;
    expect(readChunks(whole(text), { headBytesMax: 1024 * 1024 })).toEqual({
      startLine: "GET / HTTP/1.1",
      headers: [["A", value]],
      rest: "rest",
    });
  });

  it("is refused at the limit though what is too much came with the head's beginning", () => {
    const chunk = bytesOf(`GET / HTTP/1.1\r\nA: ${"a".repeat(headBytesMax)}\u0000`);
    expect(codeOf(() => readChunks([chunk]))).toBe("handshake/head-too-large");
  });

  it("leaves the rest where it is, without a copy", () => {
    const chunk = bytesOf("GET / HTTP/1.1\r\n\r\nrest");
    const head = new HttpHeadReader("request", defaults).push(chunk);
    expect(head?.rest.buffer).toBe(chunk.buffer);
    expect(head?.rest.byteOffset).toBe(chunk.length - 4);
  });
});

const headOf = (startLine: string): Head => ({ startLine, headers: new HeaderMap(["A", "b"]), rest: bytesOf("") });

describe("a request line", () => {
  it.each([
    ["GET / HTTP/1.1", "GET", "/", "1.1"],
    ["POST /a?b=%20 HTTP/1.0", "POST", "/a?b=%20", "1.0"],
    ["GET http://a/b HTTP/2.0", "GET", "http://a/b", "2.0"],
    ["m-search * HTTP/1.1", "m-search", "*", "1.1"],
  ])("%j is read", (line, method, target, httpVersion) => {
    const head = headOf(line);
    expect(parseRequestHead(head)).toEqual({ method, target, httpVersion, headers: head.headers });
  });

  it.each([
    "GET",
    "GET /",
    "GET / ",
    "GET  HTTP/1.1",
    "GET  / HTTP/1.1",
    "GET /  HTTP/1.1",
    "GET / HTTP/1.1 ",
    "GET /a b HTTP/1.1",
    " GET / HTTP/1.1",
    "GET\t/\tHTTP/1.1",
    "G(T / HTTP/1.1",
    "GET / http/1.1",
    "GET / HTTP/1",
    "GET / HTTP/1.10",
    "GET / HTTP/11.1",
    "GET / HTTPS/1.1",
  ])("%j is refused", (line) => {
    expect(codeOf(() => parseRequestHead(headOf(line)))).toBe("handshake/malformed");
  });
});

describe("a status line", () => {
  it.each([
    ["HTTP/1.1 101 Switching Protocols", 101, "Switching Protocols", "1.1"],
    ["HTTP/1.1 404 ", 404, "", "1.1"],
    ["HTTP/1.1 404", 404, "", "1.1"],
    ["HTTP/1.0 200 Très bien", 200, "Très bien", "1.0"],
  ])("%j is read", (line, status, reason, httpVersion) => {
    const head = headOf(line);
    expect(parseResponseHead(head)).toEqual({ httpVersion, status, reason, headers: head.headers });
  });

  it.each([
    "HTTP/1.1",
    "HTTP/1.1 ",
    "HTTP/1.1 1O1 Switching Protocols",
    "HTTP/1.1 0101 Switching Protocols",
    "HTTP/1.1  101",
    "HTTP/2.0 101 Switching Protocols",
    "http/1.1 101 Switching Protocols",
    "ICY 200 OK",
  ])("%j is refused", (line) => {
    expect(codeOf(() => parseResponseHead(headOf(line)))).toBe("handshake/response-malformed");
  });
});
