/** What an application sees of a socket, over real connections and at both ends. */
import { describe, expect, it } from "vitest";
import { broadcast, PreparedMessage, type WebSocketEvents } from "busbar/websocket";
import { BINARY, CLOSE, PING, PONG, TEXT } from "../conformance/frames.js";
import { echo, openClient, openPeer, SocketQueue, startServer } from "../support/engine-ground.js";

/** Await one event. */
function event<Name extends keyof WebSocketEvents>(
  socket: { on(name: Name, listener: (event: WebSocketEvents[Name]) => void): () => void },
  name: Name,
): Promise<WebSocketEvents[Name]> {
  return new Promise((resolve) => {
    const stop = socket.on(name, (what) => {
      stop();
      resolve(what);
    });
  });
}

const closePayload = (code: number, reason = ""): Buffer =>
  Buffer.concat([Buffer.from([code >> 8, code & 0xff]), Buffer.from(reason)]);

describe("a socket", () => {
  it("knows what it began with", async () => {
    const queue = new SocketQueue();
    const { url } = await startServer(queue.handler, { subprotocols: ["chat"] });
    const headers = { "X-Name": "Ada", Cookie: "session=abc; theme=dark" };
    await openClient(`${url}rooms/1?as=ada&as=grace`, { headers, subprotocols: ["chat"] });
    const { principal, protocol, request } = await queue.next();
    expect([request.url, request.path]).toEqual(["/rooms/1?as=ada&as=grace", "/rooms/1"]);
    expect(request.query.getAll("as")).toEqual(["ada", "grace"]);
    expect([request.headers.get("x-name"), request.cookies.get("theme")]).toEqual(["Ada", "dark"]);
    expect([request.remoteAddress, protocol, principal]).toEqual(["127.0.0.1", "chat", undefined]);
  });

  it("sends text and bytes, and a message of any size in one frame", async () => {
    const queue = new SocketQueue();
    const { port } = await startServer(queue.handler);
    const peer = await openPeer(port);
    const socket = await queue.next();
    await socket.send("grüße");
    await socket.send(new Uint8Array([0, 255]));
    await socket.send(new Uint8Array(0));
    await socket.send("x".repeat(70_000));
    const frames = [await peer.frame(), await peer.frame(), await peer.frame(), await peer.frame()];
    expect(frames.map(({ opcode, payload }) => [opcode, payload.length])).toEqual([
      [TEXT, 7],
      [BINARY, 2],
      [BINARY, 0],
      [TEXT, 70_000],
    ]);
  });

  it("resolves a send when the kernel has taken it, and not before the peer lets it", async () => {
    const queue = new SocketQueue();
    const { port } = await startServer(queue.handler);
    const peer = await openPeer(port);
    const socket = await queue.next();
    await socket.send("a small one the kernel takes, though nobody reads it");
    expect(socket.bufferedBytes).toBe(0);
    peer.socket.pause();
    let isSent = false;
    const sent = socket.send(new Uint8Array(16 * 1024 * 1024)).then(() => (isSent = true));
    expect(socket.bufferedBytes).toBeGreaterThan(16 * 1024 * 1024);
    const other = await openPeer(port);
    for (const round of [1, 2, 3]) {
      other.send({ opcode: PING, payload: String(round) });
      await other.frame();
    }
    expect([isSent, socket.bufferedBytes > 16 * 1024 * 1024]).toEqual([false, true]);
    const drained = event(socket, "drain");
    peer.socket.resume();
    await Promise.all([sent, drained]);
    expect([isSent, socket.bufferedBytes]).toEqual([true, 0]);
  });

  it("rejects a send that did not leave before the connection ended", async () => {
    const queue = new SocketQueue();
    const { port } = await startServer(queue.handler);
    const peer = await openPeer(port);
    const socket = await queue.next();
    peer.socket.pause();
    const sends = [socket.send(new Uint8Array(16 * 1024 * 1024)), socket.send("behind it")];
    socket.terminate();
    for (const sent of sends) await expect(sent).rejects.toMatchObject({ code: "websocket/not-sent", retryable: true });
    await expect(socket.send("later")).rejects.toMatchObject({ code: "send/not-open" });
    expect(socket.bufferedBytes).toBe(0);
  });

  it("measures the round trip of a ping, from both ends", async () => {
    const queue = new SocketQueue();
    const { url } = await startServer(queue.handler);
    const client = await openClient(url);
    const socket = await queue.next();
    for (const end of [client, socket]) {
      const milliseconds = await end.ping();
      expect(milliseconds).toBeGreaterThanOrEqual(0);
      expect(milliseconds).toBeLessThan(10_000);
      expect(await end.ping(new Uint8Array(125))).toBeGreaterThanOrEqual(0);
      await expect(end.ping(new Uint8Array(126))).rejects.toMatchObject({ code: "send/control-too-long" });
    }
  });

  it("answers a ping with its payload", async () => {
    const { port } = await startServer(() => {});
    const peer = await openPeer(port);
    peer.send({ opcode: PING, payload: "are you there?" });
    expect(await peer.frame()).toEqual({ opcode: PONG, isCompressed: false, payload: Buffer.from("are you there?") });
  });

  it("answers what one chunk held in one write", async () => {
    const { port } = await startServer((socket) => void socket.on("message", (text) => void socket.send(text)));
    const peer = await openPeer(port);
    const chunks: number[] = [];
    peer.socket.on("data", ({ length }) => chunks.push(length));
    peer.send(...Array.from({ length: 50 }, () => ({ opcode: TEXT, payload: "hi" })));
    for (let count = 0; count < 50; count++) await peer.frame();
    expect(chunks).toEqual([200]);
  });
});

describe("closing a socket", () => {
  it.each([
    ["the server", 4000, "enough"],
    ["the server", 1000, ""],
    ["the client", 3000, "bye"],
    ["the client", 1001, "ü".repeat(61)],
  ])("from %s with %d tells both ends the code and the reason", async (who, code, reason) => {
    const queue = new SocketQueue();
    const { url } = await startServer(queue.handler);
    const client = await openClient(url);
    const socket = await queue.next();
    const [first, second] = who === "the server" ? [socket, client] : [client, socket];
    const told = event(second, "close");
    const info = await first.close(code, reason);
    expect(info).toMatchObject({ code, wasClean: true });
    expect(await second.closed).toEqual({ code, reason, wasClean: true });
    expect(await told).toEqual({ code, reason, wasClean: true });
    expect([client.state, socket.state]).toEqual(["closed", "closed"]);
  });

  it("without a code sends 1000", async () => {
    const queue = new SocketQueue();
    const { port } = await startServer(queue.handler);
    const peer = await openPeer(port);
    const closing = (await queue.next()).close();
    expect(await peer.closeFrame()).toEqual({ code: 1000, reason: "" });
    peer.send({ opcode: CLOSE, payload: closePayload(1000) });
    expect(await closing).toEqual({ code: 1000, reason: "", wasClean: true });
  });

  it("is told as 1005 where the peer's frame has no code, and as 1006 where there is no frame", async () => {
    const queue = new SocketQueue();
    const { port } = await startServer(queue.handler);
    const [silent, gone] = [await openPeer(port), await openPeer(port)];
    const [first, second] = [await queue.next(), await queue.next()];
    silent.send({ opcode: CLOSE });
    expect(await first.closed).toEqual({ code: 1005, reason: "", wasClean: true });
    gone.reset();
    expect(await second.closed).toEqual({ code: 1006, reason: "", wasClean: false });
  });

  it("resolves at the latest after closeTimeoutMs, when the peer says nothing", async () => {
    const queue = new SocketQueue();
    const { port } = await startServer(queue.handler, { limits: { closeTimeoutMs: 50 } });
    const peer = await openPeer(port);
    const closing = (await queue.next()).close(1000, "");
    expect(await peer.closeFrame()).toEqual({ code: 1000, reason: "" });
    expect(await closing).toMatchObject({ wasClean: false });
    await peer.closed;
  });

  it("lets out what was sent before", async () => {
    const queue = new SocketQueue();
    const { port } = await startServer(queue.handler);
    const peer = await openPeer(port);
    const socket = await queue.next();
    const sent = Promise.all(["one", "two"].map((text) => socket.send(text)));
    const closing = socket.close(1000, "");
    expect([(await peer.frame()).payload.toString(), (await peer.frame()).payload.toString()]).toEqual(["one", "two"]);
    expect(await peer.closeFrame()).toEqual({ code: 1000, reason: "" });
    await sent;
    await expect(socket.send("too late")).rejects.toMatchObject({ code: "send/not-open" });
    peer.send({ opcode: CLOSE, payload: closePayload(1000) });
    await closing;
  });

  it.each([
    [1005, "", "send/close-code"],
    [1006, "", "send/close-code"],
    [1015, "", "send/close-code"],
    [999, "", "send/close-code"],
    [5000, "", "send/close-code"],
    [1000, "x".repeat(124), "send/close-reason-too-long"],
    [1000, "ü".repeat(62), "send/close-reason-too-long"],
  ])("with %d and %j is refused, and the socket stays open", async (code, reason, error) => {
    const { url } = await startServer(echo);
    const client = await openClient(url);
    await expect(client.close(code, reason)).rejects.toMatchObject({ code: error });
    expect(client.state).toBe("open");
  });

  it("ends the loop over its messages, behind the last one", async () => {
    const queue = new SocketQueue();
    const { url } = await startServer(queue.handler);
    const client = await openClient(url);
    const socket = await queue.next();
    for (const text of ["a", "b", "c"]) await client.send(text);
    await client.close();
    const messages: unknown[] = [];
    for await (const message of socket) messages.push(message);
    expect(messages).toEqual(["a", "b", "c"]);
  });
});

describe("the events of a socket", () => {
  it("are open, message, close, in this order, and message has what came before anybody listened", async () => {
    const told: unknown[] = [];
    const { server, url } = await startServer((socket) => {
      socket.on("open", () => told.push("open"));
      socket.on("close", ({ code }) => told.push(code));
      return new Promise((resolve) => {
        socket.on("drain", () => {
          socket.on("message", (message) => told.push(message));
          resolve();
        });
        socket.send("ready").catch(() => {});
      });
    });
    const client = await openClient(url);
    await client.send("first");
    expect(await event(client, "message")).toBe("ready");
    await client.send(new Uint8Array([2]));
    await client.ping();
    const [socket] = server.sockets;
    await Promise.all([client.close(4001), socket?.closed]);
    expect(told).toEqual(["open", "first", new Uint8Array([2]), 4001]);
  });

  it("tell of a peer that breaks a rule: error, then close", async () => {
    const queue = new SocketQueue();
    const { port } = await startServer(queue.handler);
    const peer = await openPeer(port);
    const socket = await queue.next();
    const told: unknown[] = [];
    socket.on("error", ({ code }) => told.push(code));
    socket.on("close", (info) => told.push(info));
    peer.send({ opcode: 0x3 });
    expect(await peer.closeFrame()).toEqual({ code: 1002, reason: "frame/reserved-opcode" });
    await socket.closed;
    expect(told).toEqual(["frame/reserved-opcode", { code: 1002, reason: "frame/reserved-opcode", wasClean: false }]);
  });

  it("are told no more to whoever has left", async () => {
    const { url } = await startServer(echo);
    const client = await openClient(url);
    const heard: unknown[] = [];
    const stop = client.on("message", (message) => heard.push(message));
    await client.send("one");
    await event(client, "message");
    stop();
    await client.send("two");
    const { value } = await client[Symbol.asyncIterator]().next();
    expect([heard, value]).toEqual([["one"], "two"]);
  });
});

describe("broadcasting", () => {
  it("frames once for all sockets, and leaves out those that cannot take more or are closing", async () => {
    const queue = new SocketQueue();
    const { port, server } = await startServer(queue.handler, { limits: { outboxBytesMax: 1000 } });
    const peers = [await openPeer(port), await openPeer(port), await openPeer(port), await openPeer(port)];
    const sockets = [await queue.next(), await queue.next(), await queue.next(), await queue.next()];
    const [, , full, closing] = sockets;
    peers[2]?.socket.pause();
    const sent = full?.send(new Uint8Array(8 * 1024 * 1024));
    const closed = closing?.close(1000, "");
    expect(broadcast(server.sockets, "news")).toEqual([full, closing]);
    for (const peer of peers.slice(0, 2)) expect((await peer.frame()).payload.toString()).toBe("news");
    peers[2]?.socket.resume();
    peers[3]?.send({ opcode: CLOSE, payload: closePayload(1000) });
    await Promise.all([sent, closed]);
  });

  it("takes a message that was prepared before, with compression or without", async () => {
    const queue = new SocketQueue();
    const { port, server } = await startServer(queue.handler, { compression: { fromBytes: 0 } });
    const plain = await openPeer(port);
    const packed = await openPeer(port, { headers: { "Sec-WebSocket-Extensions": "permessage-deflate" } });
    await queue.next();
    await queue.next();
    const message = new PreparedMessage("again ".repeat(100));
    expect(broadcast(server.sockets, message)).toEqual([]);
    expect(broadcast(server.sockets, message)).toEqual([]);
    for (const peer of [plain, packed]) {
      const [first, second] = [await peer.frame(), await peer.frame()];
      expect(first).toEqual(second);
      expect(first.isCompressed).toBe(peer === packed);
    }
  });
});
