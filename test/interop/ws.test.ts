/** With the npm package `ws`, in both roles. */
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { describe, expect, it, onTestFinished } from "vitest";
import {
  WebSocket as WsSocket,
  WebSocketServer as WsServer,
  type ClientOptions,
  type PerMessageDeflateOptions,
} from "ws";
import type { CompressionOptions } from "busbar/websocket";
import { echo, openClient, SocketQueue, startServer } from "../support/engine-ground.js";
import { isSame, messages, pieces, received, wholeText } from "./messages.js";

interface Variant {
  readonly name: string;
  readonly ours: CompressionOptions | boolean;
  readonly theirs: PerMessageDeflateOptions | boolean;
}

const takeover = { contextTakeover: true, fromBytes: 0 };

const variants: readonly Variant[] = [
  { name: "without compression", ours: false, theirs: false },
  { name: "with compression that only ours wants", ours: { fromBytes: 0 }, theirs: false },
  { name: "with compression that only theirs wants", ours: false, theirs: { threshold: 0 } },
  { name: "with compression", ours: { fromBytes: 0 }, theirs: { threshold: 0 } },
  { name: "with compression and contexts", ours: takeover, theirs: { threshold: 0 } },
  { name: "with compression of level 9", ours: { ...takeover, level: 9 }, theirs: { threshold: 0 } },
  {
    name: "with compression and one context",
    ours: takeover,
    theirs: { threshold: 0, serverNoContextTakeover: true, clientNoContextTakeover: false },
  },
  {
    name: "with compression and small windows",
    ours: takeover,
    theirs: { threshold: 0, serverMaxWindowBits: 9, clientMaxWindowBits: 10 },
  },
];

async function openWs(url: string, options: ClientOptions = {}, protocols: string[] = []): Promise<WsSocket> {
  const client = new WsSocket(url, protocols, options);
  onTestFinished(() => client.terminate());
  await once(client, "open");
  return client;
}

async function nextMessage(client: WsSocket): Promise<string | Uint8Array> {
  const [data, isBinary] = (await once(client, "message")) as [Buffer, boolean];
  return received(data, isBinary);
}

/** A server of `ws` that hands its sockets to `handler`. */
async function startWs(handler: (socket: WsSocket) => void, theirs: Variant["theirs"] = false): Promise<string> {
  const server = new WsServer({ port: 0, host: "127.0.0.1", perMessageDeflate: theirs, maxPayload: 4 * 1024 * 1024 });
  server.on("connection", handler);
  await once(server, "listening");
  onTestFinished(() => {
    for (const client of server.clients) client.terminate();
    server.close();
  });
  return `ws://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

function echoWs(socket: WsSocket): void {
  socket.on("message", (data, isBinary) => socket.send(data, { binary: isBinary }));
}

const isDeflated = ({ ours, theirs }: Variant): boolean => ours !== false && theirs !== false;

describe.each(variants)("our server and the client of ws, $name", (variant) => {
  const { ours: compression, theirs: perMessageDeflate } = variant;

  it("exchange messages of all kinds, twice each", async () => {
    const { url } = await startServer(echo, { compression });
    const client = await openWs(url, { perMessageDeflate });
    expect(client.extensions.includes("permessage-deflate")).toBe(isDeflated(variant));
    for (const { data, name } of [...messages, ...messages]) {
      const answer = nextMessage(client);
      client.send(data);
      expect(isSame(await answer, data), name).toBe(true);
    }
  });

  it("put a message of several fragments together, with a ping between", async () => {
    const { url } = await startServer(echo, { compression });
    const client = await openWs(url, { perMessageDeflate });
    const answer = nextMessage(client);
    const pong = once(client, "pong");
    for (const [index, piece] of pieces.entries()) {
      client.send(piece, { fin: index === pieces.length - 1, binary: false });
      if (index === 2) client.ping("between");
    }
    expect(await answer).toBe(wholeText);
    expect(String((await pong)[0])).toBe("between");
  });
});

describe("our server and the client of ws", () => {
  it("agree on a subprotocol", async () => {
    const { url } = await startServer(echo, { subprotocols: ["v2", "v1"] });
    expect((await openWs(url, {}, ["v1", "v2"])).protocol).toBe("v2");
  });

  it("close with a code and a reason, whoever begins", async () => {
    const queue = new SocketQueue();
    const { url } = await startServer(queue.handler);
    const first = await openWs(url);
    const socket = await queue.next();
    first.close(4001, "grüße");
    expect(await socket.closed).toEqual({ code: 4001, reason: "grüße", wasClean: true });
    const second = await openWs(url);
    const closed = once(second, "close");
    await (await queue.next()).close(4002, "grüße");
    expect((await closed).map(String)).toEqual(["4002", "grüße"]);
  });

  it("ping each other", async () => {
    const queue = new SocketQueue();
    const { url } = await startServer(queue.handler);
    const client = await openWs(url);
    expect(await (await queue.next()).ping()).toBeGreaterThanOrEqual(0);
    const pong = once(client, "pong");
    client.ping(Buffer.alloc(125, 7));
    expect((await pong)[0]).toEqual(Buffer.alloc(125, 7));
  });

  it.each([401, 404])("understand a refusal with %d", async (status) => {
    const options = status === 401 ? { authenticate: () => undefined } : { path: "/chat" };
    const { url } = await startServer(echo, options);
    const client = new WsSocket(url.replace("/chat", "/"));
    client.on("error", () => undefined);
    const [, response] = (await once(client, "unexpected-response")) as [unknown, { statusCode: number }];
    expect(response.statusCode).toBe(status);
    client.terminate();
  });
});

describe.each(variants)("our client and the server of ws, $name", (variant) => {
  const { ours: compression, theirs } = variant;

  it("exchange messages of all kinds, twice each", async () => {
    const offered: (string | undefined)[] = [];
    const url = await startWs((socket) => {
      offered.push(socket.extensions);
      echoWs(socket);
    }, theirs);
    const client = await openClient(url, { compression });
    expect(offered.join("").includes("permessage-deflate")).toBe(isDeflated(variant));
    const answers = client[Symbol.asyncIterator]();
    for (const { data, name } of [...messages, ...messages]) {
      await client.send(data);
      expect(isSame((await answers.next()).value, data), name).toBe(true);
    }
  });

  it("put a message of several fragments together, with a ping between", async () => {
    const pongs: string[] = [];
    const url = await startWs((socket) => {
      socket.on("pong", (payload) => pongs.push(String(payload)));
      for (const [index, piece] of pieces.entries()) {
        socket.send(piece, { fin: index === pieces.length - 1, binary: false });
        if (index === 2) socket.ping("between");
      }
      socket.on("message", () => socket.send("done"));
    }, theirs);
    const client = await openClient(url, { compression });
    const answers = client[Symbol.asyncIterator]();
    expect((await answers.next()).value).toBe(wholeText);
    await client.send("");
    expect([(await answers.next()).value, pongs]).toEqual(["done", ["between"]]);
  });
});

describe("our client and the server of ws", () => {
  it("close with a code and a reason, whoever begins", async () => {
    const closed: Promise<unknown[]>[] = [];
    const url = await startWs((socket) => {
      if (closed.push(once(socket, "close")) === 2) socket.close(4002, "grüße");
    });
    const first = await openClient(url);
    expect(await first.close(4001, "grüße")).toMatchObject({ code: 4001, wasClean: true });
    expect((await closed[0])?.map(String)).toEqual(["4001", "grüße"]);
    const second = await openClient(url);
    expect(await second.closed).toEqual({ code: 4002, reason: "grüße", wasClean: true });
  });

  it("ping each other", async () => {
    const pongs: Promise<unknown[]>[] = [];
    const url = await startWs((socket) => {
      pongs.push(once(socket, "pong"));
      socket.ping("there?");
    });
    const client = await openClient(url);
    expect(await client.ping()).toBeGreaterThanOrEqual(0);
    expect(String((await pongs[0])?.[0])).toBe("there?");
  });
});
