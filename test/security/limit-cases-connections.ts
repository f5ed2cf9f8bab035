/** What exceeds the limits on connections. Each is named by its option. */
import { expect } from "vitest";
import { connect, serve as serveSockets, type ConnectOptions } from "busbar/websocket";
import { CONTINUATION, encodeFrame, PING, TEXT } from "../conformance/frames.js";
import { flood } from "./attacks.js";
import { LimitServer, type Options } from "./limit-ground.js";

/** Go beyond a limit, and see what happens. */
export type LimitCase = () => Promise<void>;

const COMPRESSED = { headers: { "Sec-WebSocket-Extensions": "permessage-deflate" } };
const hello = '{"id":1,"do":"hello","auth":{"scheme":"basic","username":"ada","password":"lovelace"}}';
const subscribe = '{"id":2,"do":"subscribe","channel":"board/a"}';

/** The frames in which messages of these lengths come from a server. */
async function pushed(options: Options, lengths: readonly number[]) {
  const started = await LimitServer.start(options);
  const { peer } = await started.ask(COMPRESSED);
  peer.send({ opcode: TEXT, payload: hello }, { opcode: TEXT, payload: subscribe });
  await peer.frame();
  await peer.frame();
  const frames = [];
  for (const length of lengths) {
    await started.server.channel("board/a").publish("x".repeat(length));
    frames.push(await peer.frame());
  }
  return frames;
}

export const connectionCases: Readonly<Record<string, LimitCase>> = {
  "limits.socket.messageBytesMax": async () => {
    const client = await (await LimitServer.start()).login();
    client.socket.send("x".repeat(65_536));
    expect(await client.next()).toMatchObject({ error: { code: "wire/not-json" } });
    client.socket.send("x".repeat(65_537));
    expect(await client.closed).toEqual({ code: 1009, reason: "message/too-large" });
  },
  "limits.socket.fragmentsMax": async () => {
    const { peer } = await (await LimitServer.start()).ask();
    const next = { opcode: CONTINUATION, isFinal: false };
    peer.send({ opcode: TEXT, isFinal: false }, ...Array.from({ length: 1024 }, () => next));
    expect(await peer.closeFrame()).toEqual({ code: 1008, reason: "message/too-many-fragments" });
  },
  "limits.socket.headBytesMax": async () => {
    const server = await LimitServer.start();
    expect((await server.ask({ headers: { Letters: "x".repeat(16_000) } })).status).toBe(101);
    const { peer, status } = await server.ask({ headers: { Letters: "x".repeat(16_384) } });
    expect(status).toBe(431);
    await peer.closed;
  },
  "limits.socket.headersMax": async () => {
    const server = await LimitServer.start();
    const headers = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, at) => [`X-${at}`, "1"]));
    // Six are the handshake's own.
    expect((await server.ask({ headers: headers(94) })).status).toBe(101);
    const { peer, status } = await server.ask({ headers: headers(95) });
    expect(status).toBe(431);
    await peer.closed;
  },
  "limits.socket.handshakeTimeoutMs": async () => {
    const peer = await (await LimitServer.start({ limits: { socket: { handshakeTimeoutMs: 100 } } })).open();
    peer.write("GET /bus HTTP/1.1\r\nHost: a\r\n");
    expect((await peer.head()).status).toBe(408);
    await peer.closed;
  },
  "limits.socket.closeTimeoutMs": async () => {
    const before = performance.now();
    const limits = { socket: { closeTimeoutMs: 50 }, session: { helloTimeoutMs: 50 } };
    const { peer } = await (await LimitServer.start({ limits })).ask();
    expect((await peer.closeFrame()).code).toBe(4001);
    // It does not answer, and is not waited for.
    await peer.closed;
    expect(performance.now() - before).toBeLessThan(3000);
  },
  "limits.socket.connectionsMax": async () => {
    const server = await LimitServer.start({ limits: { socket: { connectionsMax: 1 } } });
    expect((await server.ask()).status).toBe(101);
    const { headers, peer, status } = await server.ask();
    expect([status, Number(headers.get("retry-after")) > 0]).toEqual([503, true]);
    await peer.closed;
  },
  "limits.socket.connectionsPerAddressMax": async () => {
    const server = await LimitServer.start({ limits: { socket: { connectionsPerAddressMax: 2 } } });
    expect((await server.ask()).status).toBe(101);
    expect((await server.ask()).status).toBe(101);
    const { headers, peer, status } = await server.ask();
    expect([status, Number(headers.get("retry-after")) > 0]).toEqual([429, true]);
    await peer.closed;
  },
  "keepalive.idleMs": async () => {
    const { peer } = await (await LimitServer.start({ keepalive: { idleMs: 20 } })).ask();
    expect((await peer.frame()).opcode).toBe(PING);
  },
  "keepalive.timeoutMs": async () => {
    const server = await LimitServer.start({ keepalive: { idleMs: 20, timeoutMs: 20 } });
    const { peer } = await server.ask();
    expect(server.server.connections).toBe(1);
    // The ping goes unanswered.
    await peer.closed;
    while (server.server.connections > 0) await new Promise((resolve) => setImmediate(resolve));
  },
  "compression.level": async () => {
    const [off] = await pushed({}, [50_000]);
    const [fast] = await pushed({ compression: true }, [50_000]);
    const [small] = await pushed({ compression: { level: 9 } }, [50_000]);
    expect(off).toMatchObject({ isCompressed: false });
    expect(fast).toMatchObject({ isCompressed: true });
    expect(small?.payload.length).toBeLessThan(Number(fast?.payload.length));
  },
  "compression.fromBytes": async () => {
    const frames = await pushed({ compression: true }, [800, 1024]);
    expect(frames.map(({ isCompressed }) => isCompressed)).toEqual([false, true]);
  },
  "compression.contextTakeover": async () => {
    const extension = async (options: Options) =>
      (await (await LimitServer.start(options)).ask(COMPRESSED)).headers.get("sec-websocket-extensions");
    const without = "permessage-deflate; server_no_context_takeover; client_no_context_takeover";
    expect(await extension({ compression: true })).toBe(without);
    expect(await extension({ compression: { contextTakeover: true } })).toBe("permessage-deflate");
  },
  origins: async () => {
    const server = await LimitServer.start();
    expect((await server.ask({ headers: { Origin: "http://localhost" } })).status).toBe(101);
    expect((await server.ask({ headers: { Origin: "http://evil.example" } })).status).toBe(403);
    const listed = await LimitServer.start({ origins: ["http://evil.example"] });
    expect((await listed.ask({ headers: { Origin: "http://evil.example" } })).status).toBe(101);
    expect((await listed.ask({ headers: { Origin: "http://localhost" } })).status).toBe(403);
  },
  "pongs that wait for a peer that does not read; one that reads is answered each ping": async () => {
    const { peer } = await (await LimitServer.start()).ask();
    peer.send(...Array.from({ length: 100 }, (_, at) => ({ opcode: PING, payload: String(at) })));
    for (let at = 0; at < 100; at++) expect((await peer.frame()).payload.toString()).toBe(String(at));
    peer.socket.pause();
    const sent = 100_000;
    const ping = encodeFrame({ opcode: PING, payload: new Uint8Array(125) }, "client");
    await flood(peer, Buffer.concat(Array.from({ length: 1000 }, () => ping)), sent / 1000);
    peer.send({ opcode: PING, payload: "the last one" });
    peer.socket.resume();
    let pongs = 0;
    while ((await peer.frame()).payload.toString() !== "the last one") pongs++;
    expect(pongs).toBeLessThan(sent);
  },
  "limits.messageBytesMax": async () => {
    const { closed, socket } = await engineClient({});
    await socket.send(new Uint8Array(1_048_577));
    expect(await closed).toMatchObject({ code: 1009 });
  },
  "limits.outboxBytesMax": async () => {
    const { socket } = await engineClient({ whenFull: "refuse" });
    const sends = Array.from({ length: 60 }, () => socket.send(new Uint8Array(500_000)));
    const refused = (await Promise.allSettled(sends)).flatMap((result) =>
      result.status === "rejected" ? [Object(result.reason)["code"]] : [],
    );
    expect(new Set(refused)).toEqual(new Set(["websocket/outbox-full"]));
    // What fits in is taken, and the rest is not kept.
    expect(refused.length).toBeGreaterThan(50);
    socket.terminate();
  },
};

/** A client of the engine by itself, whose server takes everything. */
async function engineClient(options: ConnectOptions) {
  const server = await serveSockets((socket) => void socket.on("message", () => undefined), { host: "127.0.0.1" });
  const socket = await connect(String(server.url), options);
  const closed = socket.closed.then(async (info) => {
    await server.close();
    return info;
  });
  return { socket, closed };
}
