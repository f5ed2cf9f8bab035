import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { selfSigned } from "../../test/support/certificate.js";
import {
  echo,
  LogBook,
  openClient,
  openPeer,
  openTcp,
  SocketQueue,
  startServer,
} from "../../test/support/engine-ground.js";
import { TcpPeer, upgradeRequest } from "../../test/support/tcp-peer.js";
import { connect } from "./connect.js";
import { serve } from "./serve.js";

const certificate = selfSigned();

function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "busbar-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return folder;
}

/** Resolves with the port when it can be listened on. */
async function listenOn(port: number): Promise<number> {
  const server = createServer().listen(port, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => void server.close());
  return (server.address() as AddressInfo).port;
}

describe("serving", () => {
  it("takes the eight lines of the README", async () => {
    const server = await serve(async (socket) => {
      for await (const message of socket) await socket.send(`reply: ${String(message)}`);
    });
    onTestFinished(() => server.close());
    const client = await openClient(`ws://localhost:${server.port}`);
    await client.send("hello");
    await client.send("there");
    const replies: unknown[] = [];
    for await (const message of client) if (replies.push(message) === 2) break;
    expect(replies).toEqual(["reply: hello", "reply: there"]);
  });

  it.each([
    [{ host: "127.0.0.1" }, /^ws:\/\/127\.0\.0\.1:\d+\/$/],
    [{ host: "0.0.0.0", path: "/chat" }, /^ws:\/\/localhost:\d+\/chat$/],
    [{}, /^ws:\/\/localhost:\d+\/$/],
    [{ host: "::1" }, /^ws:\/\/\[::1\]:\d+\/$/],
    [{ host: "localhost", tls: certificate }, /^wss:\/\/localhost:\d+\/$/],
  ])("with %j says where clients connect to", async (options, expected) => {
    const server = await serve(echo, options);
    onTestFinished(() => server.close());
    expect(server.url).toMatch(expected);
    const client = await openClient(server.url ?? "", { tls: { ca: certificate.cert } });
    expect(client.state).toBe("open");
  });

  it("listens on a Unix socket", async () => {
    const socketPath = join(temporaryFolder(), "engine");
    const queue = new SocketQueue();
    const { server } = await startServer(queue.handler, { socketPath });
    expect([server.port, server.url]).toEqual([undefined, undefined]);
    const client = await openClient("ws://localhost/a", { socketPath });
    const socket = await queue.next();
    expect([socket.request.url, socket.request.remoteAddress]).toEqual(["/a", "local"]);
    await client.send("hello");
    expect(await socket[Symbol.asyncIterator]().next()).toEqual({ done: false, value: "hello" });
  });

  it("takes wss, with the options of node:tls", async () => {
    const { port, url } = await startServer(echo, {
      host: "localhost",
      tls: { ...certificate, minVersion: "TLSv1.3" },
    });
    const client = await openClient(url, { tls: { ca: certificate.cert } });
    await client.send(new Uint8Array([1, 2, 3]));
    for await (const message of client) {
      expect(message).toEqual(new Uint8Array([1, 2, 3]));
      break;
    }
    await expect(connect(url, { tls: { ca: certificate.cert, maxVersion: "TLSv1.2" } })).rejects.toMatchObject({
      code: "connect/failed",
    });
    await expect(connect(`wss://127.0.0.1:${port}`)).rejects.toMatchObject({ code: "connect/failed" });
  });

  it("counts the page that TLS came from as its own only over https", async () => {
    const { port } = await startServer(echo, { host: "localhost", tls: certificate });
    for (const [origin, status] of [
      [`https://localhost:${port}`, 101],
      [`http://localhost:${port}`, 403],
    ] as const) {
      const peer = await TcpPeer.connectTls(port, certificate.cert);
      onTestFinished(() => void peer.socket.destroy());
      peer.write(upgradeRequest({ headers: { Host: `localhost:${port}`, Origin: origin } }));
      expect((await peer.head()).status).toBe(status);
    }
  });

  it("notes who does not get through TLS, and goes on", async () => {
    const logger = new LogBook();
    const { port, url } = await startServer(echo, { host: "localhost", tls: certificate, logger });
    const peer = await TcpPeer.connect({ port });
    peer.write(upgradeRequest());
    await peer.closed;
    expect((await logger.line("websocket/tls-failed")).level).toBe("debug");
    expect((await openClient(url, { tls: { ca: certificate.cert } })).state).toBe("open");
  });
});

describe("a server that cannot listen", () => {
  it("because its port is taken says so", async () => {
    const port = await listenOn(0);
    await expect(serve(echo, { host: "127.0.0.1", port })).rejects.toMatchObject({
      code: "server/cannot-listen",
      message: expect.stringContaining(`port ${port}`),
      cause: { code: "EADDRINUSE" },
    });
  });

  it("because there is no such port says so", async () => {
    await expect(serve(echo, { port: 65_536 })).rejects.toMatchObject({ code: "server/cannot-listen" });
  });

  it("because there is no such folder says so", async () => {
    const socketPath = join(temporaryFolder(), "missing", "engine");
    await expect(serve(echo, { socketPath })).rejects.toMatchObject({
      code: "server/cannot-listen",
      message: expect.stringContaining(socketPath),
    });
  });

  it.each([
    { key: "no key", cert: "no certificate" },
    { cert: selfSigned().cert, key: certificate.key },
  ])("because of its certificate says so", async (tls) => {
    await expect(serve(echo, { tls })).rejects.toMatchObject({
      code: "options/invalid",
      message: expect.stringContaining("tls"),
    });
  });

  it("because an option cannot be meant says so", async () => {
    await expect(serve(echo, { path: "chat" })).rejects.toMatchObject({ code: "options/invalid" });
  });
});

describe("closing a server", () => {
  it("closes its sockets with 1001, frees the port, and resolves when all are gone", async () => {
    const { port, server } = await startServer(echo);
    const peers = await Promise.all([openPeer(port), openPeer(port)]);
    const closing = server.close();
    for (const peer of peers) {
      expect(await peer.closeFrame()).toEqual({ code: 1001, reason: "" });
      peer.send({ opcode: 0x8, payload: Buffer.from([0x03, 0xe9]) });
      await peer.closed;
    }
    await closing;
    expect(server.sockets.size).toBe(0);
    expect(await listenOn(port)).toBe(port);
  });

  it("takes a code and a reason, and resolves each time it is called", async () => {
    const { server, url } = await startServer(echo);
    const client = await openClient(url);
    await Promise.all([server.close(1012, "back soon"), server.close()]);
    expect(await client.closed).toMatchObject({ code: 1012, reason: "back soon" });
    await server.close();
    await expect(connect(url)).rejects.toMatchObject({ code: "connect/failed" });
  });

  it("with a code that may not travel closes nothing", async () => {
    const { server, url } = await startServer(echo);
    await expect(server.close(1006)).rejects.toMatchObject({ code: "send/close-code" });
    expect((await openClient(url)).state).toBe("open");
  });

  it("refuses handshakes under way with 503, and tells them when to come back", async () => {
    let asked = (): void => {};
    const isAsked = new Promise<void>((resolve) => (asked = resolve));
    const authenticate = (): Promise<undefined> => {
      asked();
      return new Promise(() => {});
    };
    const { port, server } = await startServer(echo, { authenticate });
    const waiting = await openTcp(port);
    waiting.write(upgradeRequest());
    await isAsked;
    const halfway = await openTcp(port);
    halfway.write("GET / HTTP/1.1\r\n");
    const closing = server.close();
    for (const peer of [waiting, halfway]) {
      const { body, headers, status } = await peer.refusal();
      expect([status, headers.get("retry-after")]).toEqual([503, "1"]);
      expect(body).toContain("stopping");
      await peer.closed;
    }
    await closing;
  });

  it("does not wait for those that are in the middle of TLS", async () => {
    const { port, server } = await startServer(echo, {
      host: "localhost",
      tls: certificate,
      limits: { handshakeTimeoutMs: 3_600_000 },
    });
    const peer = await TcpPeer.connect({ port });
    const other = await TcpPeer.connectTls(port, certificate.cert);
    other.write(upgradeRequest());
    await other.head();
    const closing = server.close();
    await other.closeFrame();
    other.socket.destroy();
    await closing;
    await peer.closed;
    expect(peer.received.length).toBe(0);
  });

  it("happens at the end of a block with `await using`", async () => {
    const { server, url } = await startServer(echo);
    const client = await openClient(url);
    await server[Symbol.asyncDispose]();
    expect(await client.closed).toMatchObject({ code: 1001 });
  });
});
