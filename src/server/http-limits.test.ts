import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { TcpPeer, upgradeRequest } from "../../test/support/tcp-peer.js";
import type { HandshakeRefusal } from "../engine/options.js";
import { limitDefaults } from "../engine/options.js";
import { silentLogger } from "../kernel/logger.js";
import { HttpGuard, httpOptions, type HttpLimits } from "./http-limits.js";
import type { HttpHandler } from "./options.js";

const servers: Server[] = [];
const peers: TcpPeer[] = [];

afterEach(() => {
  for (const peer of peers.splice(0)) peer.socket.destroy();
  for (const server of servers.splice(0)) server.close().closeAllConnections();
});

interface Ground {
  readonly refusals: readonly HandshakeRefusal[];
  open(): Promise<TcpPeer>;
}

async function guarded(
  limits: Partial<HttpLimits> = {},
  handler: HttpHandler = (_request, response) => void response.end("here"),
): Promise<Ground> {
  const refusals: HandshakeRefusal[] = [];
  const all = { ...limitDefaults, ...limits };
  const guard = new HttpGuard({
    limits: all,
    logger: silentLogger,
    onRefused: (refusal) => void refusals.push(refusal),
  });
  const around = guard.around(handler);
  const server = createServer(httpOptions(all), (request, response) => void around(request, response));
  guard.watch(server);
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    refusals,
    open: async () => {
      const peer = await TcpPeer.connect({ port });
      peers.push(peer);
      return peer;
    },
  };
}

const request = (headers: Record<string, string> = {}): string => {
  const lines = Object.entries({ Host: "a", ...headers }).map(([name, value]) => `${name}: ${value}\r\n`);
  return `GET / HTTP/1.1\r\n${lines.join("")}\r\n`;
};

const manyHeaders = (count: number): string =>
  request(Object.fromEntries(Array.from({ length: count - 1 }, (_, index) => [`X-${index}`, "1"])));

describe("a guarded server of HTTP", () => {
  it("drops an upgrade that nobody takes", async () => {
    const { open } = await guarded();
    const peer = await open();
    peer.write(upgradeRequest());
    await peer.closed;
    expect(peer.received.length).toBe(0);
  });

  it("answers what is within the limits", async () => {
    const { open, refusals } = await guarded();
    const peer = await open();
    peer.write(request({ Letters: "x".repeat(16_000) }));
    expect((await peer.head()).status).toBe(200);
    const other = await open();
    other.write(manyHeaders(100));
    expect((await other.head()).status).toBe(200);
    expect(refusals).toEqual([]);
  });

  it.each([
    ["a head of more than 16 KiB", request({ Letters: "x".repeat(17_000) }), 431, "handshake/head-too-large"],
    [
      "a request line of more than 16 KiB",
      `GET /${"x".repeat(17_000)} HTTP/1.1\r\n\r\n`,
      431,
      "handshake/head-too-large",
    ],
    ["101 headers", manyHeaders(101), 431, "handshake/too-many-headers"],
    [
      "2,000 headers",
      request().replace("\r\n\r\n", `\r\n${"a:b\r\n".repeat(2000)}\r\n`),
      431,
      "handshake/too-many-headers",
    ],
    ["what is no HTTP", "\0\0\r\n\r\n", 400, "handshake/malformed"],
  ])("refuses %s in words, and ends the connection", async (_, text, status, code) => {
    const { open, refusals } = await guarded();
    const peer = await open();
    peer.write(text);
    const refusal = await peer.head();
    expect([refusal.status, refusal.headers.get("connection")]).toEqual([status, "close"]);
    await peer.closed;
    expect(peer.received.toString()).toMatch(/RFC \d/);
    expect(refusals).toEqual([{ address: "127.0.0.1", code, status }]);
  });

  it.each([
    ["says nothing", ""],
    ["does not come to the end of its request", "GET / HTTP/1.1\r\nHost: a\r\n"],
  ])("sends away who %s in time", async (_, text) => {
    const { open, refusals } = await guarded({ handshakeTimeoutMs: 100 });
    const peer = await open();
    peer.write(text);
    expect((await peer.head()).status).toBe(408);
    await peer.closed;
    expect(refusals).toEqual([{ address: "127.0.0.1", code: "handshake/timeout", status: 408 }]);
  });

  it("counts the time of a connection's first request from its start, and of another from its first byte", async () => {
    const { open, refusals } = await guarded({ handshakeTimeoutMs: 2000 });
    const peer = await open();
    const openedAt = performance.now();
    peer.write(request());
    await peer.head();
    const late = await open();
    const lateAt = performance.now();
    late.socket.setTimeout(1500, () => late.write("G"));
    await late.closed;
    expect(performance.now() - lateAt).toBeLessThan(3400);
    expect(late.received.toString()).toMatch(/^HTTP\/1.1 408 /);
    peer.write(request());
    expect((await peer.head()).status).toBe(200);
    expect(performance.now() - openedAt).toBeGreaterThan(2000);
    expect(refusals).toHaveLength(1);
  });

  it("destroys the connection of who goes on sending behind the refusal", async () => {
    const { open, refusals } = await guarded();
    const peer = await open();
    peer.socket.allowHalfOpen = true;
    peer.write(request({ Letters: "x".repeat(17_000) }));
    expect((await peer.head()).status).toBe(431);
    const more = setInterval(() => peer.write("x".repeat(1000)), 5);
    await peer.closed;
    clearInterval(more);
    expect(refusals).toHaveLength(1);
  });

  it("says nothing in the middle of an answer", async () => {
    const { open, refusals } = await guarded({}, (_request, response) => void response.write("begun"));
    const peer = await open();
    peer.write(request());
    expect((await peer.head()).status).toBe(200);
    peer.write("\0\0\r\n\r\n");
    await peer.closed;
    expect(peer.received.toString()).not.toContain("400");
    expect(refusals).toEqual([]);
  });

  it("ends the connection of who goes on with a body that nobody reads, once the answer is there", async () => {
    const { open } = await guarded();
    const peer = await open();
    peer.write("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n");
    expect((await peer.head()).status).toBe(200);
    const more = setInterval(() => peer.write("x"), 20);
    await peer.closed;
    clearInterval(more);
  });

  it("keeps the connection where the body is read, or came", async () => {
    const { open } = await guarded({}, (incoming, response) => {
      if (incoming.url === "/read") incoming.on("data", () => undefined);
      response.end();
    });
    const post = (path: string): string => `POST ${path} HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n`;
    const answered = async (...text: string[]): Promise<TcpPeer> => {
      const peer = await open();
      peer.write(text.join(""));
      expect((await peer.head()).status).toBe(200);
      return peer;
    };
    const [read, whole, unread] = [
      await answered(post("/read")),
      await answered(post("/"), "hello"),
      await answered(post("/")),
    ];
    // It was the last to be answered: whatever else was to end has ended.
    await unread.closed;
    for (const [peer, text] of [
      [read, `hello${request()}`],
      [whole, request()],
    ] as const) {
      peer.write(text);
      expect((await peer.head()).status).toBe(200);
    }
  });

  it("can be without limits on times and sizes", async () => {
    const { open } = await guarded({ handshakeTimeoutMs: Infinity, headBytesMax: Infinity, headersMax: Infinity });
    const peer = await open();
    peer.write(request({ Letters: "x".repeat(100_000) }));
    expect((await peer.head()).status).toBe(200);
  });
});

it("a request for an upgrade is held to the same head", async () => {
  const { open } = await guarded();
  const peer = await open();
  peer.write(upgradeRequest({ headers: { Letters: "x".repeat(17_000) } }));
  expect((await peer.head()).status).toBe(431);
});
