import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { acceptKey } from "./accept-key.js";
import { encodeBase64 } from "./base64.js";
import { checkUpgradeResponse, parseWebSocketUrl, upgradeRequest, type UpgradeOffer } from "./client-handshake.js";
import { negotiateDeflate } from "./deflate-negotiation.js";
import { HandshakeError, type HandshakeErrorCode } from "./errors.js";
import { HeaderMap } from "./header-map.js";
import { HttpHeadReader, parseRequestHead, parseResponseHead, type ResponseHead } from "./http-head.js";
import { acceptUpgrade, checkUpgradeRequest, chooseProtocol, refuseUpgrade } from "./server-handshake.js";

const limits = { headBytesMax: 16 * 1024, headersMax: 100 };
const key = "dGhlIHNhbXBsZSBub25jZQ==";

describe("a WebSocket URL", () => {
  const plain = {
    isSecure: false,
    host: "example.org",
    port: 80,
    authority: "example.org",
    target: "/",
    credentials: undefined,
  };

  it.each([
    ["ws://example.org", plain],
    ["WS://Example.ORG:80/", plain],
    ["ws://example.org:8080", { ...plain, port: 8080, authority: "example.org:8080" }],
    ["wss://example.org", { ...plain, isSecure: true, port: 443 }],
    ["wss://example.org:443", { ...plain, isSecure: true, port: 443 }],
    ["wss://example.org:80", { ...plain, isSecure: true, port: 80, authority: "example.org:80" }],
    ["ws://example.org/a/b?c=d e&f", { ...plain, target: "/a/b?c=d%20e&f" }],
    ["ws://example.org?c", { ...plain, target: "/?c" }],
    ["ws://[::1]:8080/", { ...plain, host: "::1", port: 8080, authority: "[::1]:8080" }],
    ["ws://bücher.example", { ...plain, host: "xn--bcher-kva.example", authority: "xn--bcher-kva.example" }],
    ["ws://ada:pa%3As@example.org", { ...plain, credentials: { username: "ada", password: "pa:s" } }],
    ["ws://zo%C3%AB@example.org", { ...plain, credentials: { username: "zoë", password: "" } }],
    ["ws://:secret@example.org", { ...plain, credentials: { username: "", password: "secret" } }],
  ])("%s has its parts", (text, parts) => {
    expect(parseWebSocketUrl(text)).toEqual(parts);
  });

  it.each([
    "",
    "example.org",
    "//example.org",
    "http://example.org",
    "https://example.org",
    "ws:",
    "ws://",
    "ws://example.org:65536",
    "ws://example.org#",
    "ws://example.org/#a",
    "ws://exa mple.org",
    "ws://%FF@example.org",
    "ws://ada:%E0@example.org",
    "ws://a%3Ab:secret@example.org",
    "ws://a%0Ab:secret@example.org",
    "ws://ada:%00@example.org",
    "ws://ada:secret%7F@example.org",
  ])("is not %j", (text) => {
    expect(() => parseWebSocketUrl(text)).toThrow(expect.objectContaining({ code: "handshake/url", by: "local" }));
  });
});

const offer = (changes: Partial<UpgradeOffer> = {}): UpgradeOffer => ({
  url: parseWebSocketUrl("ws://server.example.com/chat"),
  key,
  protocols: [],
  deflate: undefined,
  headers: [],
  ...changes,
});

const textOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString("latin1");

describe("a client's request", () => {
  const start = [
    "GET /chat HTTP/1.1",
    "Host: server.example.com",
    "Upgrade: websocket",
    "Connection: Upgrade",
    `Sec-WebSocket-Key: ${key}`,
    "Sec-WebSocket-Version: 13",
  ];

  it("asks for no more than it has to", () => {
    expect(textOf(upgradeRequest(offer()))).toBe([...start, "\r\n"].join("\r\n"));
  });

  it("offers subprotocols and compression, and has the headers that were added", () => {
    const request = upgradeRequest(
      offer({ protocols: ["chat", "superchat"], deflate: { noContextTakeover: false }, headers: [["Cookie", "a=b"]] }),
    );
    expect(textOf(request)).toBe(
      [
        ...start,
        "Sec-WebSocket-Protocol: chat, superchat",
        "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits",
        "Cookie: a=b",
        "\r\n",
      ].join("\r\n"),
    );
  });

  it.each([
    ["Cookie", "a\r\nb: c"],
    ["Bad Name", "a"],
    ["host", "evil.example"],
    ["Sec-WebSocket-Key", "a"],
    ["Content-Length", "5"],
  ])("has no added header %j: %j", (name, value) => {
    expect(() => upgradeRequest(offer({ headers: [[name, value]] }))).toThrow(
      expect.objectContaining({ code: "handshake/header", by: "local" }),
    );
  });
});

const good: Readonly<Record<string, string>> = {
  Upgrade: "websocket",
  Connection: "Upgrade",
  "Sec-WebSocket-Accept": "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=",
};

interface Changes {
  readonly status?: number;
  readonly httpVersion?: string;
  readonly headers?: Readonly<Record<string, string | readonly string[] | undefined>>;
}

/** An answer that is right, but for what a test changes; an undefined header is left out, a list comes repeated. */
function response({ headers = {}, ...line }: Changes = {}): ResponseHead {
  const raw = Object.entries({ ...good, ...headers }).flatMap(([name, values]) =>
    [values ?? []].flat().flatMap((value) => [name, value]),
  );
  return { httpVersion: "1.1", status: 101, reason: "Switching Protocols", ...line, headers: new HeaderMap(raw) };
}

describe("a server's answer", () => {
  const asked = offer({ protocols: ["chat", "superchat"], deflate: { noContextTakeover: false } });
  const protocol = (value: string | readonly string[]): Changes => ({ headers: { "Sec-WebSocket-Protocol": value } });
  const extensions = (value: string | readonly string[]): Changes => ({
    headers: { "Sec-WebSocket-Extensions": value },
  });

  it("opens the WebSocket, without what was not agreed on", () => {
    expect(checkUpgradeResponse(response(), asked)).toEqual({ protocol: undefined, deflate: undefined });
  });

  it("can write websocket and upgrade in any case", () => {
    const headers = { Upgrade: "WebSocket", Connection: "keep-alive, upgrade" };
    expect(checkUpgradeResponse(response({ headers }), asked)).toBeDefined();
  });

  it("chooses among what was offered", () => {
    const headers = {
      ...protocol("superchat").headers,
      ...extensions("permessage-deflate; client_max_window_bits=9").headers,
    };
    expect(checkUpgradeResponse(response({ headers }), asked)).toEqual({
      protocol: "superchat",
      deflate: {
        serverNoContextTakeover: false,
        clientNoContextTakeover: false,
        serverMaxWindowBits: 15,
        clientMaxWindowBits: 9,
      },
    });
  });

  it.each<[string, Changes, HandshakeErrorCode]>([
    ["HTTP/1.0", { httpVersion: "1.0" }, "handshake/response-upgrade"],
    ["no upgrade", { headers: { Upgrade: undefined } }, "handshake/response-upgrade"],
    ["another upgrade", { headers: { Upgrade: "h2c" } }, "handshake/response-upgrade"],
    ["more than websocket", { headers: { Upgrade: "websocket, h2c" } }, "handshake/response-upgrade"],
    ["upgrade twice", { headers: { Upgrade: ["websocket", "websocket"] } }, "handshake/response-upgrade"],
    ["no connection", { headers: { Connection: undefined } }, "handshake/response-upgrade"],
    ["a connection that ends", { headers: { Connection: "close" } }, "handshake/response-upgrade"],
    ["no accept key", { headers: { "Sec-WebSocket-Accept": undefined } }, "handshake/response-accept"],
    ["the key itself", { headers: { "Sec-WebSocket-Accept": key } }, "handshake/response-accept"],
    [
      "the accept key in another case",
      { headers: { "Sec-WebSocket-Accept": "S3PPLMBITXAQ9KYGZZHZRBK+XOO=" } },
      "handshake/response-accept",
    ],
    [
      "the accept key twice",
      { headers: { "Sec-WebSocket-Accept": [acceptKey(key), acceptKey(key)] } },
      "handshake/response-accept",
    ],
    ["a subprotocol that was not offered", protocol("other"), "handshake/response-protocol"],
    ["an empty subprotocol", protocol(""), "handshake/response-protocol"],
    ["a subprotocol in another case", protocol("CHAT"), "handshake/response-protocol"],
    ["two subprotocols", protocol("chat, superchat"), "handshake/response-protocol"],
    ["a subprotocol twice", protocol(["chat", "chat"]), "handshake/response-protocol"],
    ["an extension that was not offered", extensions("permessage-bzip2"), "handshake/response-extensions"],
    ["a parameter that was not offered", extensions("permessage-deflate; a"), "handshake/response-extensions"],
    ["extensions that cannot be read", extensions("permessage-deflate;"), "handshake/response-extensions"],
    ["an empty list of extensions", extensions(""), "handshake/response-extensions"],
    ["another extension beside it", extensions("permessage-deflate, a"), "handshake/response-extensions"],
    ["compression twice", extensions(["permessage-deflate", "permessage-deflate"]), "handshake/response-extensions"],
  ])("is not taken with %s", (_, changes, code) => {
    expect(() => checkUpgradeResponse(response(changes), asked)).toThrow(expect.objectContaining({ code }));
  });

  it("is not taken with anything where nothing was offered", () => {
    const check = (changes: Changes) => (): unknown => checkUpgradeResponse(response(changes), offer());
    expect(check(protocol("chat"))).toThrow(expect.objectContaining({ code: "handshake/response-protocol" }));
    expect(check(extensions("permessage-deflate"))).toThrow(
      expect.objectContaining({ code: "handshake/response-extensions" }),
    );
  });

  it.each([
    [200, false],
    [302, false],
    [401, false],
    [429, true],
    [503, true],
  ])("that refuses with %i is told with its status", (status, retryable) => {
    expect(() => checkUpgradeResponse(response({ status }), asked)).toThrow(
      expect.objectContaining({ code: "handshake/response-refused", status, retryable }),
    );
  });
});

/** Both roles' bytes, through both roles' readers. */
function shakeHands(asked: UpgradeOffer, supported: readonly string[]): ReturnType<typeof checkUpgradeResponse> {
  const request = new HttpHeadReader("request", limits).push(upgradeRequest(asked));
  if (request === undefined) throw new Error("the request is not whole");
  const upgrade = checkUpgradeRequest(parseRequestHead(request));
  const answer = acceptUpgrade({
    key: upgrade.key,
    protocol: chooseProtocol(upgrade.protocols, supported),
    deflate: negotiateDeflate(upgrade.extensions, { noContextTakeover: false }),
  });
  const read = new HttpHeadReader("response", limits).push(answer);
  if (read === undefined) throw new Error("the answer is not whole");
  return checkUpgradeResponse(parseResponseHead(read), asked);
}

describe("the engine's client and its server", () => {
  it("open a WebSocket with any key, subprotocols and wishes", () => {
    const names = fc.uniqueArray(fc.constantFrom("a", "b", "c", "d"));
    const bits = fc.integer({ min: 8, max: 15 });
    const wishes = fc.record({
      noContextTakeover: fc.boolean(),
      serverMaxWindowBits: bits,
      clientMaxWindowBits: bits,
    });
    const keys = fc.uint8Array({ minLength: 16, maxLength: 16 });
    fc.assert(
      fc.property(keys, names, names, fc.option(wishes, { nil: undefined }), (bytes, protocols, supported, deflate) => {
        const result = shakeHands(offer({ key: encodeBase64(bytes), protocols, deflate }), supported);
        expect(result.protocol).toBe(supported.find((name) => protocols.includes(name)));
        expect(result.deflate?.serverMaxWindowBits).toBe(deflate?.serverMaxWindowBits);
        expect(result.deflate?.serverNoContextTakeover).toBe(deflate?.noContextTakeover);
      }),
    );
  });

  it("tell a refusal from one to the other", () => {
    const refusal = new HandshakeError("handshake/forbidden");
    const read = new HttpHeadReader("response", limits).push(refuseUpgrade(refusal));
    expect(() => read && checkUpgradeResponse(parseResponseHead(read), offer())).toThrow(
      expect.objectContaining({ code: "handshake/response-refused", status: 403 }),
    );
  });
});
