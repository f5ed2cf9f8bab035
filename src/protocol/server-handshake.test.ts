import { describe, expect, it } from "vitest";
import { HandshakeError, handshakeRules, type HandshakeErrorCode } from "./errors.js";
import { HeaderMap } from "./header-map.js";
import { HttpHeadReader, parseRequestHead, parseResponseHead, type RequestHead } from "./http-head.js";
import { acceptUpgrade, checkUpgradeRequest, chooseProtocol, refuseUpgrade } from "./server-handshake.js";

const limits = { headBytesMax: 16 * 1024, headersMax: 100 };
const key = "dGhlIHNhbXBsZSBub25jZQ==";

const good: Readonly<Record<string, string>> = {
  Host: "example.org",
  Upgrade: "websocket",
  Connection: "Upgrade",
  "Sec-WebSocket-Key": key,
  "Sec-WebSocket-Version": "13",
};

/** A request that is right, but for what a test changes; an undefined header is left out, a list comes repeated. */
function request(changes: Changes = {}): RequestHead {
  const { headers = {}, ...line } = changes;
  const raw = Object.entries({ ...good, ...headers }).flatMap(([name, values]) =>
    [values ?? []].flat().flatMap((value) => [name, value]),
  );
  return { method: "GET", target: "/", httpVersion: "1.1", ...line, headers: new HeaderMap(raw) };
}

interface Changes {
  readonly method?: string;
  readonly target?: string;
  readonly httpVersion?: string;
  readonly headers?: Readonly<Record<string, string | readonly string[] | undefined>>;
}

function refusalOf(changes: Changes): HandshakeError {
  try {
    checkUpgradeRequest(request(changes));
  } catch (error) {
    if (error instanceof HandshakeError) return error;
    throw error;
  }
  throw new Error("was not refused");
}

describe("a request for a WebSocket", () => {
  it("is read from the bytes that the RFC shows (RFC 6455, 1.2)", () => {
    const text = [
      "GET /chat HTTP/1.1",
      "Host: server.example.com",
      "Upgrade: websocket",
      "Connection: Upgrade",
      `Sec-WebSocket-Key: ${key}`,
      "Origin: http://example.com",
      "Sec-WebSocket-Protocol: chat, superchat",
      "Sec-WebSocket-Version: 13",
      "\r\n",
    ].join("\r\n");
    const head = new HttpHeadReader("request", limits).push(new TextEncoder().encode(text));
    expect(head && checkUpgradeRequest(parseRequestHead(head))).toEqual({
      key,
      protocols: ["chat", "superchat"],
      extensions: [],
    });
  });

  it("can offer extensions and nothing else", () => {
    const headers = { "Sec-WebSocket-Extensions": ["a; b=c", "permessage-deflate"] };
    expect(checkUpgradeRequest(request({ headers }))).toEqual({
      key,
      protocols: [],
      extensions: [
        { name: "a", parameters: [["b", "c"]] },
        { name: "permessage-deflate", parameters: [] },
      ],
    });
  });

  it("can offer its subprotocols in several headers", () => {
    const headers = { "sec-websocket-protocol": ["b", "a , c"] };
    expect(checkUpgradeRequest(request({ headers })).protocols).toEqual(["b", "a", "c"]);
  });

  it.each<[string, Changes]>([
    ["a later HTTP/1", { httpVersion: "1.2" }],
    ["a query", { target: "/chat?a=b&c=%20{|}" }],
    ["two slashes", { target: "//evil.example/" }],
    ["names in another case", { headers: { Upgrade: "WebSocket", Connection: "keep-alive, upgrade" } }],
    ["several protocols to upgrade to", { headers: { Upgrade: ["h2c", "websocket"] } }],
    ["a connection told in two headers", { headers: { Connection: ["keep-alive", "Upgrade"] } }],
    ["a body of no bytes", { headers: { "Content-Length": "0" } }],
    ["a port", { headers: { Host: "example.org:8080" } }],
    ["an IPv6 host", { headers: { Host: "[2001:db8::1]:8080" } }],
    ["an IPv4 host", { headers: { Host: "127.0.0.1" } }],
  ])("can have %s", (_, changes) => {
    expect(checkUpgradeRequest(request(changes)).key).toBe(key);
  });

  it.each<[string, Changes, HandshakeErrorCode]>([
    ["HTTP/1.0", { httpVersion: "1.0" }, "handshake/http-version"],
    ["HTTP/2.0", { httpVersion: "2.0" }, "handshake/http-version"],
    ["HTTP/0.9", { httpVersion: "0.9" }, "handshake/http-version"],
    ["POST", { method: "POST" }, "handshake/method"],
    ["GET in lower case", { method: "get" }, "handshake/method"],
    ["an absolute target", { target: "http://example.org/" }, "handshake/malformed"],
    ["an asterisk as target", { target: "*" }, "handshake/malformed"],
    ["no target", { target: "" }, "handshake/malformed"],
    ["a fragment in the target", { target: "/a#b" }, "handshake/malformed"],
    ["a tab in the target", { target: "/a\tb" }, "handshake/malformed"],
    ["a line end in the target", { target: "/a\n" }, "handshake/malformed"],
    ["a target beyond ASCII", { target: "/é" }, "handshake/malformed"],
    ["no host", { headers: { Host: undefined } }, "handshake/host"],
    ["an empty host", { headers: { Host: "" } }, "handshake/host"],
    ["two hosts", { headers: { Host: ["example.org", "example.org"] } }, "handshake/host"],
    ["two hosts in one header", { headers: { Host: "a, b" } }, "handshake/host"],
    ["a user in the host", { headers: { Host: "user@example.org" } }, "handshake/host"],
    ["a path in the host", { headers: { Host: "example.org/a" } }, "handshake/host"],
    ["a port that is no number", { headers: { Host: "example.org:a" } }, "handshake/host"],
    ["a host beyond ASCII", { headers: { Host: "exämple.org" } }, "handshake/host"],
    ["Transfer-Encoding", { headers: { "Transfer-Encoding": "chunked" } }, "handshake/body"],
    ["an empty Transfer-Encoding", { headers: { "Transfer-Encoding": "" } }, "handshake/body"],
    ["a body", { headers: { "Content-Length": "5" } }, "handshake/body"],
    ["two lengths", { headers: { "Content-Length": ["0", "0"] } }, "handshake/body"],
    ["a length that is no number", { headers: { "Content-Length": "+0" } }, "handshake/body"],
    ["no upgrade", { headers: { Upgrade: undefined } }, "handshake/not-an-upgrade"],
    ["another upgrade", { headers: { Upgrade: "h2c" } }, "handshake/not-an-upgrade"],
    ["an upgrade like websocket", { headers: { Upgrade: "websockets, my websocket" } }, "handshake/not-an-upgrade"],
    ["no connection", { headers: { Connection: undefined } }, "handshake/not-an-upgrade"],
    ["a connection that stays", { headers: { Connection: "keep-alive" } }, "handshake/not-an-upgrade"],
    ["no version", { headers: { "Sec-WebSocket-Version": undefined } }, "handshake/version"],
    ["version 8", { headers: { "Sec-WebSocket-Version": "8" } }, "handshake/version"],
    ["version 13 and another", { headers: { "Sec-WebSocket-Version": "13, 8" } }, "handshake/version"],
    ["version 13 twice", { headers: { "Sec-WebSocket-Version": ["13", "13"] } }, "handshake/version"],
    ["version 013", { headers: { "Sec-WebSocket-Version": "013" } }, "handshake/version"],
    ["no key", { headers: { "Sec-WebSocket-Key": undefined } }, "handshake/key"],
    ["an empty key", { headers: { "Sec-WebSocket-Key": "" } }, "handshake/key"],
    ["two keys", { headers: { "Sec-WebSocket-Key": [key, key] } }, "handshake/key"],
    ["a key of 15 bytes", { headers: { "Sec-WebSocket-Key": "A".repeat(20) } }, "handshake/key"],
    ["a key of 17 bytes", { headers: { "Sec-WebSocket-Key": `${"A".repeat(23)}=` } }, "handshake/key"],
    ["a key that is no base64", { headers: { "Sec-WebSocket-Key": "-".repeat(22) + "==" } }, "handshake/key"],
    ["a key with unused bits set", { headers: { "Sec-WebSocket-Key": `${"A".repeat(21)}B==` } }, "handshake/key"],
    ["no name of a subprotocol", { headers: { "Sec-WebSocket-Protocol": "" } }, "handshake/protocols"],
    ["a subprotocol of two words", { headers: { "Sec-WebSocket-Protocol": "a b" } }, "handshake/protocols"],
    ["a subprotocol twice", { headers: { "Sec-WebSocket-Protocol": "a, b, a" } }, "handshake/protocols"],
    ["a subprotocol in two headers", { headers: { "Sec-WebSocket-Protocol": ["a", "a"] } }, "handshake/protocols"],
    ["no name of an extension", { headers: { "Sec-WebSocket-Extensions": "" } }, "handshake/extensions"],
    ["extensions that cannot be read", { headers: { "Sec-WebSocket-Extensions": "a; b=" } }, "handshake/extensions"],
  ])("is refused with %s", (_, changes, code) => {
    expect(refusalOf(changes)).toMatchObject({ code, by: "remote", status: handshakeRules[code].status });
  });

  it("is told with the refusal what would be taken", () => {
    expect(refusalOf({ method: "POST" }).headers).toEqual({ Allow: "GET" });
    expect(refusalOf({ headers: { Upgrade: undefined } }).headers).toEqual({ Upgrade: "websocket" });
    expect(refusalOf({ headers: { "Sec-WebSocket-Version": "8" } }).headers).toEqual({
      Upgrade: "websocket",
      "Sec-WebSocket-Version": "13",
    });
  });
});

describe("the subprotocol", () => {
  it("is the first of the server's that the client offered, in the case in which both write it", () => {
    expect(chooseProtocol(["a", "b", "c"], ["c", "b"])).toBe("c");
    expect(chooseProtocol(["a"], ["A"])).toBeUndefined();
    expect(chooseProtocol([], ["a"])).toBeUndefined();
    expect(chooseProtocol(["a"], [])).toBeUndefined();
  });
});

const textOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString("utf8");

describe("the answer that opens a WebSocket", () => {
  const start = [
    "HTTP/1.1 101 Switching Protocols",
    "Upgrade: websocket",
    "Connection: Upgrade",
    "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=",
  ];

  it("has the accept key, and nothing that was not agreed on", () => {
    expect(textOf(acceptUpgrade({ key, protocol: undefined, deflate: undefined }))).toBe(
      [...start, "\r\n"].join("\r\n"),
    );
  });

  it("names the subprotocol, the extension and the headers that were added", () => {
    const deflate = {
      serverNoContextTakeover: true,
      clientNoContextTakeover: false,
      serverMaxWindowBits: 15,
      clientMaxWindowBits: 15,
    };
    const headers = [
      ["Set-Cookie", "a=b"],
      ["Set-Cookie", "c=d"],
    ] as const;
    expect(textOf(acceptUpgrade({ key, protocol: "chat", deflate, headers }))).toBe(
      [
        ...start,
        "Sec-WebSocket-Protocol: chat",
        "Sec-WebSocket-Extensions: permessage-deflate; server_no_context_takeover",
        "Set-Cookie: a=b",
        "Set-Cookie: c=d",
        "\r\n",
      ].join("\r\n"),
    );
  });

  it.each([
    ["Set-Cookie", "a=b\r\nSet-Cookie: c=d"],
    ["Upgrade", "h2c"],
    ["sec-websocket-protocol", "chat"],
  ])("has no added header %j: %j", (name, value) => {
    expect(() => acceptUpgrade({ key, protocol: undefined, deflate: undefined, headers: [[name, value]] })).toThrow(
      expect.objectContaining({ code: "handshake/header" }),
    );
  });
});

describe("the answer that refuses", () => {
  it("says in its body what was wrong, and that the connection ends", () => {
    const text = textOf(refuseUpgrade(new HandshakeError("handshake/key")));
    const body = "Sec-WebSocket-Key must be given once, as the base64 of 16 bytes (RFC 6455, 4.2.1)\n";
    expect(text).toBe(
      [
        "HTTP/1.1 400 Bad Request",
        "Connection: close",
        "Content-Type: text/plain; charset=utf-8",
        `Content-Length: ${body.length}`,
        "",
        body,
      ].join("\r\n"),
    );
  });

  it("names what to upgrade to, in Connection too (RFC 9110, 7.8)", () => {
    const headers = { Upgrade: "websocket", "Sec-WebSocket-Version": "13" };
    expect(textOf(refuseUpgrade(new HandshakeError("handshake/version", { headers })))).toContain(
      "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nConnection: close, Upgrade\r\n",
    );
  });

  it("counts the bytes of its body, not its letters", () => {
    const bytes = refuseUpgrade(new HandshakeError("handshake/no-such-path", { detail: "/é€" }));
    const head = new HttpHeadReader("response", limits).push(bytes);
    expect(head?.headers.get("content-length")).toBe(String(head?.rest.length));
    expect(textOf(head?.rest ?? bytes)).toContain(": /é€ (");
  });

  it.each(Object.keys(handshakeRules) as HandshakeErrorCode[])("to %s is whole, with a reason phrase", (code) => {
    const head = new HttpHeadReader("response", limits).push(refuseUpgrade(new HandshakeError(code)));
    expect(head).toBeDefined();
    if (head === undefined) return;
    const { reason, status } = parseResponseHead(head);
    expect(status).toBe(handshakeRules[code].status);
    expect(reason).not.toBe("");
    expect(head.rest).toHaveLength(Number(head.headers.get("content-length")));
  });

  it("has a reason phrase for a status that the handshake itself does not use", () => {
    const error = new HandshakeError("handshake/forbidden", { status: 418 });
    expect(textOf(refuseUpgrade(error))).toMatch(/^HTTP\/1\.1 418 Refused\r\n/);
  });
});
