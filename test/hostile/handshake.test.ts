/** What hostile clients send before there is a WebSocket. */
import { describe, expect, it } from "vitest";
import { upgradeRequest, type Headers } from "../support/tcp-peer.js";
import { servers, useTarget } from "./target.js";

const target = useTarget();

const request = (headers: Headers = {}): string => upgradeRequest({ target: "/socket", headers });

/** The request with more lines behind its last header, as they are. */
const withLines = (lines: string): string => request().replace(/\r\n\r\n$/, `\r\n${lines}\r\n\r\n`);

describe.each(servers)("a server that is %s stands", (name) => {
  it.each([
    ["a letter and blanks for as long as they may be", { "Sec-WebSocket-Extensions": `a${" ".repeat(15_000)}a` }, 400],
    ["many blanks around a subprotocol", { "Sec-WebSocket-Protocol": `${" \t".repeat(7000)}a` }, 101],
    [
      "an unfinished string of escapes (ws CVE-2021-32640)",
      { "Sec-WebSocket-Extensions": `a; b="${"\\c".repeat(7000)}` },
      400,
    ],
    [
      "a string of escapes (websocket-extensions CVE-2020-7662)",
      { "Sec-WebSocket-Extensions": `a; b="${"\\c".repeat(7000)}"` },
      101,
    ],
    ["empty parameters", { "Sec-WebSocket-Extensions": "a;".repeat(7000) }, 400],
    [
      "thousands of extensions",
      { "Sec-WebSocket-Extensions": Array.from({ length: 2000 }, () => "a; b=c").join(", ") },
      101,
    ],
    [
      "thousands of offers of compression",
      { "Sec-WebSocket-Extensions": Array.from({ length: 400 }, () => "permessage-deflate; x=y").join() },
      101,
    ],
    [
      "thousands of subprotocols",
      { "Sec-WebSocket-Protocol": Array.from({ length: 2000 }, (_, at) => `p${at}`).join() },
      101,
    ],
    ["one subprotocol twice", { "Sec-WebSocket-Protocol": "a, a" }, 400],
    ["a list of nothing", { Connection: `${",".repeat(15_000)}Upgrade` }, 101],
    ["thousands of cookies", { Cookie: Array.from({ length: 3000 }, () => "a=1").join(";") }, 101],
    ["cookies of nothing", { Cookie: ";=".repeat(7000) }, 101],
    ["an authorization of nothing but blanks", { Authorization: `Basic${" ".repeat(15_000)}x` }, 101],
    [
      "a header called __proto__",
      { ["__proto__"]: "polluted", constructor: "x", toString: "y", hasOwnProperty: "z" },
      101,
    ],
    [
      "a Cookie and a subprotocol called __proto__",
      { Cookie: "__proto__=1", "Sec-WebSocket-Protocol": "__proto__, constructor" },
      101,
    ],
  ])("%s", async (_, headers, status) => {
    expect(await target().during(target().statusOf(name, request(headers)))).toBe(status);
  });

  it("a header called __proto__, written as it is (Node CVE-2026-21710)", async () => {
    expect(await target().statusOf(name, withLines("__proto__: x\r\n__proto__: y"))).toBe(101);
  });

  it.each([
    "/socket?%",
    "/socket?%E0%A4%A",
    "/socket?__proto__[a]=b&__proto__=c",
    `/socket?${"a&".repeat(4000)}`,
    "/socket?a=%00",
  ])("the bad query of %.60s (engine.io CVE-2022-21676)", async (url) => {
    expect(await target().statusOf(name, upgradeRequest({ target: url }))).toBe(101);
  });

  it.each(["/", "/other", "/socket/", "/socketx", "/%73ocket", "//socket", "/../socket", "/socket;a", "/SOCKET"])(
    "an upgrade on the route %s, which has none",
    async (url) => {
      expect(await target().statusOf(name, upgradeRequest({ target: url }))).toBe(404);
    },
  );

  it("2,000 headers (ws CVE-2024-37890)", async () => {
    const lines = Array.from({ length: 2000 }, (_, at) => `h${at}: v`).join("\r\n");
    expect(await target().during(target().statusOf(name, withLines(lines)))).toBe(431);
  });

  it("a header that does not end", async () => {
    expect(await target().statusOf(name, `GET /socket HTTP/1.1\r\nHost: ${"x".repeat(40_000)}`)).toBe(431);
  });

  it("a target that does not end", async () => {
    expect(await target().statusOf(name, `GET /socket?${"x".repeat(40_000)}`)).toBe(431);
  });

  it("a request in one-byte writes (tungstenite CVE-2023-43669)", async () => {
    const peer = await target().open(name);
    peer.socket.setNoDelay(true);
    for (const byte of request()) {
      await new Promise<void>((resolve) => peer.socket.write(byte, () => resolve()));
    }
    expect((await peer.head()).status).toBe(101);
  });

  it("a long header in one-byte writes", async () => {
    const peer = await target().open(name);
    peer.socket.setNoDelay(true);
    for (const byte of request({ "X-Long": "x".repeat(15_000) })) peer.write(byte);
    expect((await target().during(peer.head())).status).toBe(101);
  });

  it.each([
    ["in the middle of the request", request().slice(0, 60)],
    ["behind the request", request()],
    ["behind a request that is refused", upgradeRequest({ target: "/other" })],
    ["before the request", ""],
  ])("200 resets %s", async (_, text) => {
    const peers = await target().openMany(name, 200);
    await target().during(
      Promise.all(
        peers.map(async (peer) => {
          if (text !== "") await new Promise<void>((resolve) => peer.socket.write(text, () => resolve()));
          peer.reset();
          await peer.closed;
        }),
      ),
    );
    let { sockets } = await target().report();
    for (let round = 0; sockets > servers.length && round < 1000; round++) ({ sockets } = await target().report());
    expect(sockets).toBe(servers.length);
  });

  it("200 ends in the middle of the request", async () => {
    const peers = await target().openMany(name, 200);
    for (const peer of peers) peer.socket.end(request().slice(0, 60));
    await target().during(Promise.all(peers.map((peer) => peer.closed)));
    expect(peers.every((peer) => !peer.received.includes("101"))).toBe(true);
  });

  it("200 clients that never finish their requests: each is told that its time is over (slowloris)", async () => {
    const peers = await target().openMany(name, 200);
    for (const [index, peer] of peers.entries()) peer.write(request().slice(0, 1 + (index % 100)));
    const statuses = await target().during(Promise.all(peers.map(async (peer) => (await peer.head()).status)));
    expect(new Set(statuses)).toEqual(new Set([408]));
    await Promise.all(peers.map((peer) => peer.closed));
  });

  it("a client that sends a header again and again until its time is over", async () => {
    const peer = await target().open(name);
    peer.write("GET /socket HTTP/1.1\r\nHost: a\r\n");
    // One header for each answer that a witness gets.
    let count = 0;
    for (; !peer.socket.destroyed; count++) {
      peer.write("a: b\r\n");
      await target().serveOthers();
    }
    expect(count).toBeGreaterThan(0);
  });

  it("a frame before the request", async () => {
    const peer = await target().open(name);
    peer.send({ opcode: 0x1, payload: "too early" });
    peer.write(request());
    expect((await peer.head()).status).toBe(400);
    await peer.closed;
  });

  it("a frame behind the request, before its answer", async () => {
    const peer = await target().open(name);
    peer.write(request());
    peer.send({ opcode: 0x1, payload: "early" });
    expect((await peer.head()).status).toBe(101);
    expect((await peer.frame()).payload.toString()).toBe("early");
  });

  it("a close frame behind the request, and an end", async () => {
    const peer = await target().open(name);
    peer.write(request());
    peer.send({ opcode: 0x8 });
    peer.socket.end();
    expect((await peer.head()).status).toBe(101);
    expect(await peer.closeFrame()).toEqual({ code: 1005, reason: "" });
    await peer.closed;
  });

  it("random bytes", async () => {
    for (let seed = 1; seed <= 50; seed++) {
      const peer = await target().open(name);
      let state = seed;
      peer.write(Uint8Array.from({ length: 500 }, () => (state = (state * 48_271) % 0x7fff_ffff) >> 8));
      peer.socket.end();
      await peer.closed;
      expect(peer.received.includes(" 101 ")).toBe(false);
    }
  });

  it("holds nothing of those that came and went", async () => {
    const attack = async (): Promise<void> => {
      for (const text of [request(), upgradeRequest({ target: "/other" }), request().slice(0, 50)]) {
        const peers = await target().openMany(name, 300);
        for (const peer of peers) peer.socket.end(text);
        await Promise.all(peers.map((peer) => peer.closed));
      }
    };
    await attack();
    const before = await target().report();
    for (let round = 0; round < 3; round++) await attack();
    const after = await target().report();
    expect(after.sockets).toBe(before.sockets);
    expect(after.heldBytes - before.heldBytes).toBeLessThan(2 * 1024 * 1024);
  });
});
