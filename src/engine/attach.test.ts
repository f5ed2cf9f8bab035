import { once } from "node:events";
import { createServer, request as httpRequest, type RequestListener, type Server } from "node:http";
import { createServer as createHttpsServer } from "node:https";
import type { AddressInfo, Server as NetServer, Socket } from "node:net";
import { createAdaptorServer } from "@hono/node-server";
import express from "express";
import fastify from "fastify";
import { Hono } from "hono";
import { describe, expect, it, onTestFinished } from "vitest";
import { WebSocketServer as WsServer } from "ws";
import { selfSigned } from "../../test/support/certificate.js";
import { echo, openClient, openPeer, openTcp, SocketQueue } from "../../test/support/engine-ground.js";
import { upgradeRequest } from "../../test/support/tcp-peer.js";
import { attach } from "./attach.js";
import { connect } from "./connect.js";
import type { WebSocketServer } from "./web-socket-server.js";

const hello: RequestListener = (_, response) => response.end("plain as ever");

async function listen<Listening extends NetServer>(server: Listening): Promise<number> {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => void server.close());
  return (server.address() as AddressInfo).port;
}

/** Detach when the test is over. */
function until<Attached extends WebSocketServer>(attached: Attached): Attached {
  onTestFinished(() => attached.close());
  return attached;
}

async function get(port: number, path = "/"): Promise<string> {
  return (await fetch(`http://127.0.0.1:${port}${path}`, { headers: { Connection: "close" } })).text();
}

async function echoes(url: string): Promise<unknown> {
  const client = await openClient(url);
  await client.send("hello");
  const { value } = await client[Symbol.asyncIterator]().next();
  await client.close();
  return value;
}

describe("attached to an HTTP server", () => {
  it("of node:http takes its upgrades and leaves its requests", async () => {
    const httpServer = createServer(hello);
    const attached = until(attach(httpServer, { handler: echo }));
    const port = await listen(httpServer);
    expect(await echoes(`ws://127.0.0.1:${port}/any/path`)).toBe("hello");
    expect(await get(port)).toBe("plain as ever");
    expect([attached.port, attached.url]).toEqual([undefined, undefined]);
  });

  it("of node:https takes its upgrades", async () => {
    const certificate = selfSigned();
    const httpServer = createHttpsServer(certificate, hello);
    const queue = new SocketQueue();
    until(attach(httpServer, { handler: queue.handler, path: "/chat" }));
    const port = await listen(httpServer);
    const client = await openClient(`wss://127.0.0.1:${port}/chat`, { tls: { ca: certificate.cert } });
    await client.send("secret");
    expect(await (await queue.next())[Symbol.asyncIterator]().next()).toMatchObject({ value: "secret" });
  });

  it("of Express", async () => {
    const app = express();
    app.get("/page", (_, response) => void response.send("express"));
    const httpServer = createServer(app);
    until(attach(httpServer, { handler: echo, path: "/chat" }));
    const port = await listen(httpServer);
    expect([await echoes(`ws://127.0.0.1:${port}/chat`), await get(port, "/page")]).toEqual(["hello", "express"]);
  });

  it("of Fastify, which it lets close", async () => {
    const app = fastify();
    app.get("/page", () => "fastify");
    const attached = attach(app.server, { handler: echo, path: "/chat" });
    app.addHook("preClose", () => attached.close());
    const { port } = new URL(await app.listen({ port: 0, host: "127.0.0.1" }));
    expect([await echoes(`ws://127.0.0.1:${port}/chat`), await get(Number(port), "/page")]).toEqual([
      "hello",
      "fastify",
    ]);
    const client = await openClient(`ws://127.0.0.1:${port}/chat`);
    await app.close();
    expect(await client.closed).toMatchObject({ code: 1001 });
  });

  it("of Hono", async () => {
    const app = new Hono();
    app.get("/page", (context) => context.text("hono"));
    const httpServer = createAdaptorServer({ fetch: app.fetch });
    until(attach(httpServer, { handler: echo, path: "/chat" }));
    const port = await listen(httpServer);
    expect([await echoes(`ws://127.0.0.1:${port}/chat`), await get(port, "/page")]).toEqual(["hello", "hono"]);
  });

  it("has a path beside another package's upgrades", async () => {
    const httpServer = createServer(hello);
    const other = new WsServer({ noServer: true });
    httpServer.on("upgrade", (request, socket, head) => {
      if (request.url !== "/other") return;
      other.handleUpgrade(request, socket, head, (ws) => ws.send("from the other one"));
    });
    until(attach(httpServer, { handler: echo, path: "/chat" }));
    const port = await listen(httpServer);
    expect(await echoes(`ws://127.0.0.1:${port}/chat?a=b`)).toBe("hello");
    const client = await openClient(`ws://127.0.0.1:${port}/other`);
    expect(await client[Symbol.asyncIterator]().next()).toMatchObject({ value: "from the other one" });
  });

  it("several times, has several paths, and refuses all others with 404", async () => {
    const httpServer = createServer(hello);
    for (const path of ["/a", "/b"]) {
      until(attach(httpServer, { path, handler: (socket) => socket.send(`this is ${path}`) }));
    }
    const port = await listen(httpServer);
    for (const path of ["/a", "/b"]) {
      const client = await openClient(`ws://127.0.0.1:${port}${path}`);
      expect(await client[Symbol.asyncIterator]().next()).toMatchObject({ value: `this is ${path}` });
    }
    await expect(connect(`ws://127.0.0.1:${port}/c`)).rejects.toMatchObject({ status: 404 });
    expect(() => attach(httpServer, { path: "/a", handler: echo })).toThrow(/\/a/);
  });

  it("refuses what is an upgrade to something else, and the server lives", async () => {
    const httpServer = createServer(hello);
    until(attach(httpServer, { handler: echo }));
    const port = await listen(httpServer);
    const peer = await openTcp(port);
    peer.write(upgradeRequest({ headers: { Upgrade: "h2c" } }));
    expect((await peer.refusal()).status).toBe(426);
    expect(await get(port)).toBe("plain as ever");
  });

  it("holds its own limits of a head, which the server has read", async () => {
    const httpServer = createServer(hello);
    until(attach(httpServer, { handler: echo, limits: { headersMax: 10, headBytesMax: 1000 } }));
    const port = await listen(httpServer);
    const many = Object.fromEntries(Array.from({ length: 6 }, (_, index) => [`X-${index}`, "y"]));
    for (const headers of [many, { "X-Long": "y".repeat(900) }]) {
      const peer = await openTcp(port);
      peer.write(upgradeRequest({ headers }));
      expect((await peer.refusal()).status).toBe(431);
    }
    expect((await openPeer(port, { headers: { "X-Long": "y".repeat(500) } })).socket.destroyed).toBe(false);
  });

  it("takes the frames that came with the request", async () => {
    const httpServer = createServer(hello);
    until(attach(httpServer, { handler: echo }));
    const peer = await openTcp(await listen(httpServer));
    peer.write(Buffer.from(`${upgradeRequest()}\u0081\u0082\0\0\0\0hi`, "latin1"));
    expect((await peer.head()).status).toBe(101);
    expect((await peer.frame()).payload.toString()).toBe("hi");
  });

  it("outlives the timeouts of the HTTP server", async () => {
    const httpServer = createServer({ headersTimeout: 50, requestTimeout: 50, keepAliveTimeout: 50 }, hello);
    httpServer.setTimeout(50);
    httpServer.on("timeout", (socket: Socket) => void socket.destroy());
    until(attach(httpServer, { handler: echo }));
    const port = await listen(httpServer);
    const peer = await openPeer(port);
    const idle = httpRequest({ port, host: "127.0.0.1", method: "POST" });
    idle.on("error", () => undefined);
    idle.flushHeaders();
    await once(idle, "close");
    peer.send({ opcode: 0x1, payload: "still here" });
    expect((await peer.frame()).payload.toString()).toBe("still here");
  });
});

describe("closing what is attached", () => {
  it("closes its sockets and gives the upgrades back, and the HTTP server goes on", async () => {
    const httpServer: Server = createServer(hello);
    const attached = attach(httpServer, { handler: echo });
    const port = await listen(httpServer);
    const client = await openClient(`ws://127.0.0.1:${port}`);
    await attached.close();
    expect(await client.closed).toMatchObject({ code: 1001 });
    expect(httpServer.listenerCount("upgrade")).toBe(0);
    expect(await get(port)).toBe("plain as ever");
    until(attach(httpServer, { handler: echo }));
    expect(await echoes(`ws://127.0.0.1:${port}`)).toBe("hello");
  });
});
