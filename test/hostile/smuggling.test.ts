/** Requests that two servers in a row could read differently: one answer at most, and never a WebSocket. */
import { describe, expect, it } from "vitest";
import { upgradeRequest, type RequestOptions, type TcpPeer } from "../support/tcp-peer.js";
import { servers, useTarget } from "./target.js";

const target = useTarget();

const request = (options: RequestOptions = {}): string => upgradeRequest({ target: "/socket", ...options });

/** The request with a line more, as it is. */
const withLine = (line: string): string => request().replace("Upgrade: ", `${line}\r\nUpgrade: `);

/** How often a response begins in what came. */
const answersIn = (peer: TcpPeer): number => peer.received.toString("latin1").split(/HTTP\/1\.1 \d{3} /).length - 1;

const hidden = "GET /socket HTTP/1.1\r\nHost: hidden\r\n";

const refused: readonly (readonly [string, string])[] = [
  ["an absolute URI", request({ target: "http://localhost/socket" })],
  ["an absolute URI of another host", request({ target: "http://internal.example/socket" })],
  ["an absolute URI of the scheme ws", request({ target: "ws://localhost/socket" })],
  ["the authority form", request({ target: "localhost:80" })],
  ["the asterisk form", request({ target: "*" })],
  ["a fragment", request({ target: "/socket#/other" })],
  ["a backslash", request({ target: "\\socket" })],
  ["a tab in the request line", request().replace("GET ", "GET\t")],
  ["a blank line before the request", `\r\n\r\n\r\n${withLine("Transfer-Encoding: chunked")}`],
  ["a bare CR in a header", withLine("X-A: b\rX-C: d")],
  ["a bare CR as the end of a line", request().replace("Host: localhost\r\n", "Host: localhost\r")],
  ["a header that goes on in the next line", withLine("X-A: b\r\n c")],
  ["a blank before a colon", withLine("Content-Length : 0")],
  ["a blank before a name", withLine(" Content-Length: 5")],
  ["a header without a name", withLine(": x")],
  ["a header without a colon", withLine("Content-Length")],
  ["a NUL in a header", withLine("X-A: b\u0000c")],
  ["a NUL in a name", withLine("X\u0000A: b")],
  ["a name in another script", withLine("C\u00f6ntent-Length: 5")],
  ["a body by its length", `${withLine("Content-Length: 5")}hello`],
  ["a body in chunks", `${withLine("Transfer-Encoding: chunked")}5\r\nhello\r\n0\r\n\r\n`],
  ["both lengths and chunks", `${withLine("Content-Length: 5\r\nTransfer-Encoding: chunked")}0\r\n\r\n${hidden}`],
  ["chunks of another spelling", `${withLine("Transfer-Encoding: xchunked")}0\r\n\r\n`],
  ["two lengths", `${withLine("Content-Length: 0\r\nContent-Length: 5")}hello`],
  ["a length that is none", withLine("Content-Length: +0")],
  ["a negative length", withLine("Content-Length: -1")],
  ["no host", request({ headers: { Host: undefined } })],
  ["two hosts", request({ headers: { Host: ["localhost", "internal.example"] } })],
  ["a host with a user", request({ headers: { Host: "internal.example@localhost" } })],
  ["HTTP/1.0", request().replace("HTTP/1.1", "HTTP/1.0")],
  ["HTTP/2.0", request().replace("HTTP/1.1", "HTTP/2.0")],
  ["the preface of HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"],
  ["HTTP/0.9", "GET /socket\r\n\r\n"],
  ["another method", request({ method: "POST" })],
  ["CONNECT", request({ method: "CONNECT", target: "internal.example:443" })],
  ["a method in lower case", request({ method: "get" })],
  ["two keys", request({ headers: { "Sec-WebSocket-Key": ["dGhlIHNhbXBsZSBub25jZQ==", "AAAAAAAAAAAAAAAAAAAAAA=="] } })],
  ["two versions", request({ headers: { "Sec-WebSocket-Version": ["13", "8"] } })],
  ["an origin beside another", request({ headers: { Origin: ["http://localhost", "http://evil.example"] } })],
];

describe.each(servers)("a server that is %s opens no WebSocket for", (name) => {
  it.each(refused)("%s", async (_, text) => {
    const peer = await target().open(name);
    // What follows would be a request of its own, if the first one had been read differently.
    peer.write(Buffer.from(text + hidden, "latin1"));
    peer.socket.end();
    await target().during(peer.closed);
    expect(peer.received.includes(" 101 ")).toBe(false);
    expect(answersIn(peer)).toBeLessThanOrEqual(1);
  });

  it.each([
    ["the wrong route", { target: "/other" }],
    ["the wrong version", { headers: { "Sec-WebSocket-Version": "12" } }],
    ["another origin", { headers: { Origin: "http://evil.example" } }],
  ])("what stands behind a request that is refused for %s", async (_, options) => {
    const peer = await target().open(name);
    peer.write(request(options) + request());
    const { headers, status } = await peer.head();
    expect([Math.floor(status / 100), headers.get("connection")?.includes("close")]).toEqual([4, true]);
    peer.write(request());
    await peer.closed;
    expect(peer.received.includes(" 101 ")).toBe(false);
    expect(answersIn(peer)).toBe(0);
  });
});

describe("a server that is served opens no WebSocket for", () => {
  // Node's own parser takes these.
  it.each([
    ["two blanks in the request line", request().replace("GET ", "GET  ")],
    ["a blank line before the request", `\r\n${request()}`],
    ["a bare LF as the end of a line", request().replace("Host: localhost\r\n", "Host: localhost\n")],
  ])("%s", async (_, text) => {
    expect(await target().statusOf("served", text)).toBe(400);
  });
});

describe.each(servers)("a server that is %s reads as frames what stands behind its 101", (name) => {
  it("and not as a request", async () => {
    const peer = await target().open(name);
    peer.write(request() + request());
    expect((await peer.head()).status).toBe(101);
    // "GE" is a frame of a reserved opcode with reserved bits.
    expect(await peer.closeFrame()).toMatchObject({ code: 1002 });
    await peer.closed;
    expect(answersIn(peer)).toBe(0);
  });
});
