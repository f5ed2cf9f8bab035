import { once } from "node:events";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { selfSigned } from "../../test/support/certificate.js";
import { openClient, SocketQueue, startServer } from "../../test/support/engine-ground.js";
import { scriptedServer, switching, type ClientRequest } from "../../test/support/scripted-server.js";
import { basic } from "./passwords.js";
import { connect } from "./connect.js";
import { surroundingsOf } from "./surroundings.js";

/** What nobody caught. */
const unhandled: unknown[] = [];
const note = (reason: unknown): void => void unhandled.push(reason);

beforeEach(() => {
  process.on("unhandledRejection", note);
});

afterEach(async () => {
  // Rejections that nobody caught are told of at the end of the turn.
  await new Promise((resolve) => setImmediate(resolve));
  process.off("unhandledRejection", note);
  expect(unhandled.splice(0)).toEqual([]);
});

/** A port that nothing listens on. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  await once(server.close(), "close");
  return port;
}

/** How many timers of the engine wait. */
function timerCount(): number {
  const { clock } = surroundingsOf("client", {});
  return (clock as { size?: number }).size ?? Number.NaN;
}

describe("connecting", () => {
  it("asks with the URL's host, path and query, and with more headers", async () => {
    const requests: ClientRequest[] = [];
    const { port } = await scriptedServer((socket, request) => {
      requests.push(request);
      socket.write(switching(request));
    });
    const client = await openClient(`ws://127.0.0.1:${port}/a/b?c=d`, { headers: { "X-Token": "t" } });
    const [request] = requests;
    expect(request?.startLine).toBe("GET /a/b?c=d HTTP/1.1");
    expect(Object.fromEntries(request?.headers ?? [])).toEqual({
      host: `127.0.0.1:${port}`,
      upgrade: "websocket",
      connection: "Upgrade",
      "sec-websocket-key": expect.stringMatching(/^[A-Za-z0-9+/]{22}==$/),
      "sec-websocket-version": "13",
      "x-token": "t",
    });
    expect([client.state, client.protocol, client.principal]).toEqual(["open", "", undefined]);
    expect([client.request.url, client.request.remoteAddress]).toEqual(["/a/b?c=d", "127.0.0.1"]);
    expect(client.request.headers.get("x-token")).toBe("t");
  });

  it("asks with a new key each time", async () => {
    const keys = new Set<string | undefined>();
    const { url } = await scriptedServer((socket, request) => {
      keys.add(request.headers.get("sec-websocket-key"));
      socket.write(switching(request));
    });
    await openClient(url);
    await openClient(url);
    expect(keys.size).toBe(2);
  });

  it.each([
    ["ada:lovelace@", {}, "ada", "lovelace"],
    ["a%64a:l%C3%B6ve%3A%40@", {}, "ada", "löve:@"],
    ["ada@", {}, "ada", ""],
    ["ada:lovelace@", { authorization: `Basic ${Buffer.from("bob:bob").toString("base64")}` }, "bob", "bob"],
  ])(
    "sends the credentials of ws://%s as HTTP Basic, unless headers say otherwise",
    async (inUrl, headers, id, secret) => {
      const seen: unknown[] = [];
      const authenticate = basic((username, password) => {
        seen.push(username, password);
        return { id: username, roles: [], claims: {}, expiresAtMs: undefined };
      });
      const queue = new SocketQueue();
      const { port } = await startServer(queue.handler, { authenticate });
      await openClient(`ws://${inUrl}127.0.0.1:${port}`, { headers });
      expect([(await queue.next()).principal?.id, seen]).toEqual([id, [id, secret]]);
    },
  );

  it("agrees on a subprotocol and on compression", async () => {
    const queue = new SocketQueue();
    const { url } = await startServer(queue.handler, { subprotocols: ["v2", "v1"], compression: { fromBytes: 0 } });
    const client = await openClient(url, { subprotocols: ["v1", "v2"], compression: true });
    expect([client.protocol, (await queue.next()).protocol]).toEqual(["v2", "v2"]);
  });

  it("hears what comes right behind the answer", async () => {
    const { url } = await scriptedServer((socket, request) => {
      socket.write(Buffer.from(`${switching(request)}\u0081\u0002hi\u0088\u0002\u0003\u00e8`, "latin1"));
    });
    const client = await openClient(url);
    const messages: unknown[] = [];
    for await (const message of client) messages.push(message);
    expect(messages).toEqual(["hi"]);
  });

  it("tells whoever awaited it of an error that came right behind the answer", async () => {
    const { url } = await scriptedServer((socket, request) => {
      socket.write(Buffer.from(`${switching(request)}\u0083\u0000`, "latin1"));
    });
    const client = await openClient(url, { limits: { closeTimeoutMs: 50 } });
    const told: unknown[] = [];
    client.on("error", ({ code }) => told.push(code));
    client.on("close", ({ code }) => told.push(code));
    await client.closed;
    expect(told).toEqual(["frame/reserved-opcode", 1002]);
  });

  it("hears a server that says something and has gone", async () => {
    const { url } = await scriptedServer((socket, request) => {
      socket.end(Buffer.from(`${switching(request)}\u0081\u0002hi`, "latin1"));
    });
    const client = await openClient(url);
    expect(await client[Symbol.asyncIterator]().next()).toEqual({ done: false, value: "hi" });
    expect(await client.closed).toEqual({ code: 1006, reason: "", wasClean: false });
  });

  it("reads an answer that comes byte by byte", async () => {
    const { url } = await scriptedServer((socket, request) => {
      socket.setNoDelay(true);
      for (const byte of switching(request)) socket.write(byte);
    });
    expect((await openClient(url)).state).toBe("open");
  });

  it("leaves no timer behind when it is closed", async () => {
    const before = timerCount();
    const queue = new SocketQueue();
    const { url } = await startServer(queue.handler);
    const client = await openClient(url);
    const socket = await queue.next();
    expect(timerCount()).toBe(before + 2);
    await Promise.all([client.close(), socket.closed]);
    expect(timerCount()).toBe(before);
  });
});

describe("connecting fails", () => {
  it("where nothing listens", async () => {
    await expect(connect(`ws://127.0.0.1:${await freePort()}`)).rejects.toMatchObject({
      code: "connect/failed",
      retryable: true,
      message: expect.stringContaining("ECONNREFUSED"),
      cause: { code: "ECONNREFUSED" },
    });
  });

  it("where there is no such name", async () => {
    await expect(connect("ws://nobody.invalid")).rejects.toMatchObject({ code: "connect/failed" });
  });

  it.each(["http://localhost", "ws://", "localhost:80", "", "ws://localhost/#a", "ws://%FF@localhost"])(
    "at the URL %j, which is none",
    async (url) => {
      await expect(connect(url)).rejects.toMatchObject({ code: "handshake/url" });
    },
  );

  it.each([
    [401, { authenticate: () => undefined }, "/"],
    [404, { path: "/chat" }, "/"],
  ])("with status %d where the server refuses so", async (status, options, path) => {
    const { port } = await startServer(() => {}, options);
    await expect(connect(`ws://127.0.0.1:${port}${path}`)).rejects.toMatchObject({
      code: "handshake/response-refused",
      status,
      retryable: false,
    });
  });

  it("where it is sent elsewhere", async () => {
    const { url } = await scriptedServer((socket) => {
      socket.end("HTTP/1.1 302 Found\r\nLocation: ws://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n");
    });
    await expect(connect(url)).rejects.toMatchObject({ code: "handshake/response-refused", status: 302 });
  });

  it.each<[string, string, (request: ClientRequest) => string]>([
    ["a wrong accept key", "handshake/response-accept", (request) => switching({ ...request, accept: "wrong" })],
    [
      "the accept key of another",
      "handshake/response-accept",
      (request) => switching({ ...request, accept: "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=" }),
    ],
    ["no Upgrade", "handshake/response-upgrade", (request) => switching(request, { Upgrade: "h2c" })],
    ["no Connection", "handshake/response-upgrade", (request) => switching(request, { Connection: "keep-alive" })],
    [
      "a subprotocol that was not offered",
      "handshake/response-protocol",
      (request) => switching(request, { "Sec-WebSocket-Protocol": "v9" }),
    ],
    [
      "an extension that was not offered",
      "handshake/response-extensions",
      (request) => switching(request, { "Sec-WebSocket-Extensions": "x-zip" }),
    ],
    [
      "compression that was not offered",
      "handshake/response-extensions",
      (request) => switching(request, { "Sec-WebSocket-Extensions": "permessage-deflate" }),
    ],
    [
      "an extension that is none",
      "handshake/response-extensions",
      (request) => switching(request, { "Sec-WebSocket-Extensions": '; ="' }),
    ],
    ["junk", "handshake/response-malformed", () => "SSH-2.0-OpenSSH_9.2\r\n\r\n"],
    ["binary junk", "handshake/response-malformed", () => "\u0000\u0001\u0002\u0003"],
    ["a frame before any answer", "handshake/response-malformed", () => "\u0081\u0002hi"],
    ["an endless head", "handshake/head-too-large", () => `HTTP/1.1 101 Yes\r\nX: ${"x".repeat(20_000)}`],
    [
      "2,000 headers",
      "handshake/too-many-headers",
      (request) => switching(request).replace("\r\n\r\n", `\r\n${"a: b\r\n".repeat(2000)}\r\n`),
    ],
  ])("when it is answered with %s, and lets go", async (_, code, answer) => {
    const server = await scriptedServer((socket, request) => void socket.write(Buffer.from(answer(request), "latin1")));
    const before = timerCount();
    await expect(connect(server.url, { subprotocols: ["v1"] })).rejects.toMatchObject({ code });
    await server.empty();
    expect(timerCount()).toBe(before);
  });

  it.each(["", "HTTP/1.1 101 Switch", "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"])(
    "when the server ends behind %j",
    async (answer) => {
      const { url } = await scriptedServer((socket) => void socket.end(answer));
      await expect(connect(url)).rejects.toMatchObject({ code: "connect/failed", retryable: true });
    },
  );

  it("when the server resets the connection in the middle of its answer", async () => {
    const { url } = await scriptedServer((socket) => {
      socket.write("HTTP/1.1 101 Switching", () => socket.resetAndDestroy());
    });
    await expect(connect(url)).rejects.toMatchObject({ code: "connect/failed", retryable: true });
  });

  it.each(["", "HTTP/1.1 101 Switching Protocols\r\n"])("when no more than %j comes in time", async (answer) => {
    const server = await scriptedServer((socket) => void socket.write(answer));
    await expect(connect(server.url, { limits: { handshakeTimeoutMs: 50 } })).rejects.toMatchObject({
      code: "connect/timeout",
      retryable: true,
      message: expect.stringContaining("50 ms"),
    });
    await server.empty();
  });

  it("when a server of another certificate answers", async () => {
    const { url } = await startServer(() => {}, { host: "localhost", tls: selfSigned() });
    await expect(connect(url, { tls: { ca: selfSigned().cert } })).rejects.toMatchObject({ code: "connect/failed" });
  });

  it("when wss meets a server of ws", async () => {
    const { port } = await startServer(() => {});
    await expect(connect(`wss://127.0.0.1:${port}`)).rejects.toMatchObject({ code: "connect/failed" });
  });
});

describe("connecting is given up", () => {
  it("before it begins, without a connection", async () => {
    let connections = 0;
    const { url } = await scriptedServer(
      () => {},
      () => void connections++,
    );
    await expect(connect(url, { signal: AbortSignal.abort("no time") })).rejects.toMatchObject({
      code: "connect/aborted",
      cause: "no time",
    });
    await openClientless(url);
    expect(connections).toBe(1);
  });

  it("while the answer is awaited, and lets go", async () => {
    const controller = new AbortController();
    const server = await scriptedServer(() => controller.abort());
    const before = timerCount();
    await expect(connect(server.url, { signal: controller.signal })).rejects.toMatchObject({
      code: "connect/aborted",
      cause: { name: "AbortError" },
    });
    await server.empty();
    expect(timerCount()).toBe(before);
  });

  it("while the connection is made", async () => {
    const controller = new AbortController();
    const connecting = connect(`ws://127.0.0.1:${await freePort()}`, { signal: controller.signal });
    controller.abort();
    await expect(connecting).rejects.toMatchObject({ code: "connect/aborted" });
  });

  it("no more once it is open", async () => {
    const controller = new AbortController();
    const { url } = await startServer(() => {});
    const client = await openClient(url, { signal: controller.signal });
    controller.abort();
    expect(await client.ping()).toBeGreaterThanOrEqual(0);
  });
});

/** A connection of its own, so that the server has seen all that came before it. */
async function openClientless(url: string): Promise<void> {
  await expect(connect(url, { limits: { handshakeTimeoutMs: 1 } })).rejects.toMatchObject({ code: "connect/timeout" });
}

describe("what cannot be asked for is refused before anything is sent", () => {
  it.each([
    ["a name with a blank", { "X Token": "t" }],
    ["a value with a line break", { "X-Token": "t\r\nX-Other: u" }],
    ["a value beyond Latin-1", { "X-Token": "\u20ac" }],
    ["a header of the handshake's own", { "Sec-WebSocket-Key": "mine" }],
  ])("%s", async (_, headers) => {
    let connections = 0;
    const { url } = await scriptedServer(
      () => {},
      () => void connections++,
    );
    const before = timerCount();
    await expect(connect(url, { headers })).rejects.toMatchObject({ code: "handshake/header" });
    await openClientless(url);
    expect([connections, timerCount()]).toEqual([1, before]);
  });

  it("a subprotocol that is no token", async () => {
    await expect(connect("ws://localhost", { subprotocols: ["a b"] })).rejects.toMatchObject({
      code: "options/invalid",
    });
  });

  it("TLS with a certificate that is none", async () => {
    await expect(connect("wss://localhost", { tls: { cert: "none", key: "none" } })).rejects.toMatchObject({
      code: "options/invalid",
      message: expect.stringContaining("tls"),
    });
  });
});
