import { describe, expect, it } from "vitest";
import {
  echo,
  LogBook,
  openClient,
  openPeer,
  openTcp,
  SocketQueue,
  startServer,
} from "../../test/support/engine-ground.js";
import { upgradeRequest } from "../../test/support/tcp-peer.js";
import { BusbarError } from "../kernel/errors.js";
import { connect } from "./connect.js";
import type { ServeOptions } from "./options.js";
import type { SocketHandler } from "./socket-host.js";

const TEXT = 0x1;
const CONTINUATION = 0x0;
const PING = 0x9;

describe("a server's sockets", () => {
  it("are in its set while they are open", async () => {
    const { server, url } = await startServer(echo);
    const client = await openClient(url);
    expect(server.sockets.size).toBe(1);
    const [socket] = server.sockets;
    await client.close();
    await socket?.closed;
    expect(server.sockets.size).toBe(0);
  });

  it("take the frames that came with the request, and those that came in its last piece", async () => {
    const { port } = await startServer(echo);
    const frame = "\u0081\u0082\0\0\0\0hi";
    for (const pieces of [
      [upgradeRequest() + frame],
      [upgradeRequest().slice(0, 40), upgradeRequest().slice(40) + frame],
    ]) {
      const peer = await openTcp(port);
      for (const piece of pieces) peer.write(Buffer.from(piece, "latin1"));
      expect((await peer.head()).status).toBe(101);
      expect((await peer.frame()).payload.toString()).toBe("hi");
    }
  });

  it("read a request that comes byte by byte", async () => {
    const { port } = await startServer(echo);
    const peer = await openTcp(port);
    peer.socket.setNoDelay(true);
    for (const byte of upgradeRequest()) peer.write(byte);
    expect((await peer.head()).status).toBe(101);
  });
});

describe("a handler that fails", () => {
  it.each<[string, SocketHandler]>([
    [
      "throws",
      () => {
        throw new Error("no such table");
      },
    ],
    ["rejects", () => Promise.reject(new Error("no such table"))],
    [
      "rejects later",
      async (socket) => {
        for await (const message of socket) throw new Error(`no such table: ${String(message)}`);
      },
    ],
    [
      "throws when it hears a message",
      (socket) =>
        void socket.on("message", () => {
          throw new Error("no such table");
        }),
    ],
    [
      "rejects with a promise of another kind",
      () => {
        // oxlint-disable-next-line unicorn/no-thenable -- some libraries' promises are not of this class
        const promise = { then: (_: unknown, reject: (error: Error) => void) => reject(new Error("no such table")) };
        return promise as unknown as Promise<void>;
      },
    ],
  ])("because it %s closes its socket with 1011, and no other", async (_, handler) => {
    const logger = new LogBook();
    let isFirst = true;
    const { url } = await startServer(
      (socket) => {
        if (!isFirst) return echo(socket);
        isFirst = false;
        return handler(socket);
      },
      { logger },
    );
    const first = await openClient(url);
    const other = await openClient(url);
    first.send("hello").catch(() => {});
    expect(await first.closed).toEqual({ code: 1011, reason: "internal error", wasClean: true });
    await other.send("still there?");
    for await (const message of other) {
      expect(message).toBe("still there?");
      break;
    }
    expect(logger.lines.filter(({ level }) => level === "error")).toEqual([
      { level: "error", event: "websocket/handler-failed", fields: expect.objectContaining({ address: "127.0.0.1" }) },
    ]);
    expect(JSON.stringify(logger.lines[0]?.fields)).toContain("no such table");
  });

  it("because its peer left in the middle of a send is no news", async () => {
    const logger = new LogBook();
    const failures: unknown[] = [];
    const ended: Promise<void>[] = [];
    const { port } = await startServer(
      (socket) => {
        const handled = (async (): Promise<void> => {
          await socket.closed;
          await socket.send("too late");
        })();
        ended.push(handled.catch((error: unknown) => void failures.push(error)));
        return handled;
      },
      { logger },
    );
    const peer = await openPeer(port);
    peer.send({ opcode: 0x8, payload: Buffer.from([0x03, 0xe8]) });
    await peer.closed;
    await ended[0];
    expect(failures).toEqual([expect.objectContaining({ code: "send/not-open" })]);
    expect(logger.lines.filter(({ level }) => level !== "debug")).toEqual([]);
  });

  it("with the same error on an open socket is one all the same", async () => {
    const logger = new LogBook();
    const { url } = await startServer(
      () => {
        throw new BusbarError("websocket/not-sent", "another socket's");
      },
      { logger },
    );
    const client = await openClient(url);
    expect(await client.closed).toMatchObject({ code: 1011 });
    expect((await logger.line("websocket/handler-failed")).level).toBe("error");
  });
});

describe("a defect in the middle of a handshake", () => {
  const broken = (): never => {
    throw new Error("the surroundings are broken");
  };

  it("is answered with 500, and the log says what it was", async () => {
    const logger = new LogBook();
    // At the start it is looked whether the origin "null" is among them.
    const includes = (origin: string): boolean => origin !== "null" && broken();
    const origins = Object.assign(["https://example.org"], { includes });
    const { port } = await startServer(echo, { origins, logger });
    const peer = await openTcp(port);
    peer.write(upgradeRequest({ headers: { Origin: "https://example.org" } }));
    const { body, status } = await peer.refusal();
    expect(status).toBe(500);
    expect(body).not.toContain("broken");
    const { fields, level } = await logger.line("websocket/handshake-failed");
    expect([level, fields["error"]]).toEqual(["error", "Error: the surroundings are broken"]);
  });

  it("in the logger of all things drops the connection, and the server lives", async () => {
    const logger = new LogBook();
    logger.warn = broken;
    const { port } = await startServer(echo, { logger, path: "/chat" });
    const peer = await openTcp(port);
    peer.write(upgradeRequest({ target: "/other" }));
    await peer.closed;
    expect((await logger.line("websocket/handshake-failed")).level).toBe("error");
    expect((await openPeer(port, { target: "/chat" })).socket.destroyed).toBe(false);
  });
});

describe("a limit that is exceeded", () => {
  it("messageBytesMax closes with 1009, before the message has come", async () => {
    const { port } = await startServer(echo, { limits: { messageBytesMax: 10 } });
    const peer = await openPeer(port);
    peer.send({ opcode: TEXT, payload: "0123456789" });
    expect((await peer.frame()).payload.toString()).toBe("0123456789");
    // A frame that says it has 11 bytes, and none of them.
    peer.write(Buffer.from([0x81, 0x8b, 0, 0, 0, 0]));
    expect(await peer.closeFrame()).toEqual({ code: 1009, reason: "message/too-large" });
    await peer.closed;
  });

  it("fragmentsMax closes with 1008, empty fragments counted", async () => {
    const { port } = await startServer(echo, { limits: { fragmentsMax: 4 } });
    const peer = await openPeer(port);
    const first = { opcode: TEXT, payload: "a", isFinal: false };
    const empty = { opcode: CONTINUATION, isFinal: false };
    peer.send(first, empty, empty, { opcode: CONTINUATION, payload: "b" });
    expect((await peer.frame()).payload.toString()).toBe("ab");
    peer.send(first, empty, empty, empty, { opcode: CONTINUATION });
    expect(await peer.closeFrame()).toEqual({ code: 1008, reason: "message/too-many-fragments" });
  });

  it.each<[string, ServeOptions["limits"], string]>([
    ["headBytesMax", { headBytesMax: 300 }, `X-Long: ${"x".repeat(300)}`],
    ["headersMax", { headersMax: 20 }, Array.from({ length: 20 }, (_, index) => `X-${index}: y`).join("\r\n")],
  ])("%s is answered with 431", async (_, limits, header) => {
    const { port } = await startServer(echo, { limits: limits ?? {} });
    expect((await openPeer(port)).socket.destroyed).toBe(false);
    const peer = await openTcp(port);
    peer.write(upgradeRequest().replace("\r\n\r\n", `\r\n${header}\r\n\r\n`));
    expect((await peer.refusal()).status).toBe(431);
    await peer.closed;
  });

  it("handshakeTimeoutMs is answered with 408, whether the request does not end or the authentication does not", async () => {
    const authenticate = (): Promise<undefined> => new Promise(() => {});
    const { port, server } = await startServer(echo, { authenticate, limits: { handshakeTimeoutMs: 150 } });
    const requests = ["", "GET / HT", upgradeRequest().slice(0, -2), upgradeRequest()];
    const peers = await Promise.all(requests.map(() => openTcp(port)));
    for (const [index, peer] of peers.entries()) peer.write(requests[index] ?? "");
    for (const peer of peers) {
      expect((await peer.refusal()).status).toBe(408);
      await peer.closed;
    }
    expect(server.sockets.size).toBe(0);
  });

  it("connectionsMax is answered with 503 and a time to come back, handshakes counted, and is free again", async () => {
    const { port, server, url } = await startServer(echo, { limits: { connectionsMax: 2 } });
    const first = await openClient(url);
    const halfway = await openTcp(port);
    halfway.write("GET /");
    const third = await openTcp(port);
    third.write(upgradeRequest());
    const { headers, status } = await third.refusal();
    expect([status, headers.get("retry-after")]).toEqual([503, "5"]);
    await third.closed;
    const [socket] = server.sockets;
    await first.close();
    await socket?.closed;
    expect((await openClient(url)).state).toBe("open");
  });

  it("connectionsPerAddressMax is answered with 429 and a time to come back", async () => {
    const { port, server, url } = await startServer(echo, { limits: { connectionsPerAddressMax: 1 } });
    const first = await openClient(url);
    const second = await openTcp(port);
    second.write(upgradeRequest());
    const { headers, status } = await second.refusal();
    expect([status, headers.get("retry-after")]).toEqual([429, "5"]);
    await expect(connect(url)).rejects.toMatchObject({
      code: "handshake/response-refused",
      status: 429,
      retryable: true,
    });
    const [socket] = server.sockets;
    await first.close();
    await socket?.closed;
    expect((await openClient(url)).state).toBe("open");
  });

  it("outboxBytesMax makes `send` wait for a peer that does not read, and it goes on when that one reads", async () => {
    const queue = new SocketQueue();
    const { port, url } = await startServer(queue.handler, { limits: { outboxBytesMax: 1000 } });
    const peer = await openPeer(port);
    const socket = await queue.next();
    peer.socket.pause();
    const large = new Uint8Array(32 * 1024 * 1024);
    const settled: string[] = [];
    const sends = [large, new Uint8Array(900), new Uint8Array(901)].map(async (bytes, index) => {
      await socket.send(bytes);
      settled.push(`message ${index}`);
    });
    expect(socket.bufferedBytes).toBeGreaterThan(large.length);
    // Another client's round trip is time enough for whatever would go on by itself.
    const witness = await openClient(url);
    await witness.ping();
    expect([settled, socket.state]).toEqual([[], "open"]);
    expect(socket.bufferedBytes).toBeGreaterThan(large.length);
    peer.socket.resume();
    await Promise.all(sends);
    expect(settled).toEqual(["message 0", "message 1", "message 2"]);
    expect(socket.bufferedBytes).toBe(0);
  });

  it("outboxBytesMax refuses a send where that was asked for, and what was sent before arrives", async () => {
    const queue = new SocketQueue();
    const { port } = await startServer(queue.handler, { limits: { outboxBytesMax: 1000 }, whenFull: "refuse" });
    const peer = await openPeer(port);
    const socket = await queue.next();
    peer.socket.pause();
    const sent = socket.send(new Uint8Array(8 * 1024 * 1024));
    await expect(socket.send("a".repeat(1000))).rejects.toMatchObject({
      code: "websocket/outbox-full",
      retryable: true,
    });
    peer.socket.resume();
    await sent;
    await socket.send("there is room again");
    expect((await peer.frame()).payload.length).toBe(8 * 1024 * 1024);
    expect((await peer.frame()).payload.toString()).toBe("there is room again");
  });
});

describe("a server's keepalive", () => {
  it("pings a silent peer, and takes it for gone when it does not answer", async () => {
    const queue = new SocketQueue();
    const { port } = await startServer(queue.handler, { keepalive: { idleMs: 50, timeoutMs: 50 } });
    const peer = await openPeer(port);
    const socket = await queue.next();
    const errors: string[] = [];
    socket.on("error", ({ code }) => errors.push(code));
    expect((await peer.frame()).opcode).toBe(PING);
    expect(await socket.closed).toEqual({ code: 1006, reason: "", wasClean: false });
    await peer.closed;
    expect(errors).toEqual(["websocket/keepalive-timeout"]);
  });

  it("keeps a peer that answers", async () => {
    const queue = new SocketQueue();
    const { port } = await startServer(queue.handler, { keepalive: { idleMs: 50, timeoutMs: 500 } });
    const peer = await openPeer(port);
    const socket = await queue.next();
    for (let round = 0; round < 2; round++) {
      const ping = await peer.frame();
      expect(ping.opcode).toBe(PING);
      peer.send({ opcode: 0xa, payload: ping.payload });
    }
    expect(socket.state).toBe("open");
  });
});
