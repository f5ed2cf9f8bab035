/** One table of what the engine does over real connections, run against the built package under Node and under Bun. */
import { once } from "node:events";
import { describe, expect, it, onTestFinished } from "vitest";
import { connect as connectBus } from "busbar/client";
import { connect, type ClientSocket } from "busbar/websocket";
import { WebSocket } from "ws";
import { BINARY, CLOSE, CONTINUATION, PING, TEXT, type TestFrame } from "../conformance/frames.js";
import { describeWith } from "../requirements.js";
import { TcpPeer, upgradeRequest, type Place, type RequestOptions } from "../support/tcp-peer.js";
import { useEcho, type EchoProcess } from "./echo-process.js";

const MEBIBYTE = 1024 * 1024;

async function peerOf(place: Place, options?: RequestOptions): Promise<TcpPeer> {
  const peer = await TcpPeer.upgraded(place, options);
  onTestFinished(() => void peer.socket.destroy());
  return peer;
}

async function rawPeerOf(place: Place): Promise<TcpPeer> {
  const peer = await TcpPeer.connect(place);
  onTestFinished(() => void peer.socket.destroy());
  return peer;
}

async function clientOf(...[url, options]: Parameters<typeof connect>): Promise<ClientSocket> {
  const client = await connect(url, { limits: { messageBytesMax: 32 * MEBIBYTE }, ...options });
  onTestFinished(() => client.terminate());
  return client;
}

async function ended(peer: TcpPeer): Promise<void> {
  if (!peer.socket.readableEnded) await once(peer.socket, "end");
}

/** See that the server serves others. */
async function serves({ places: { port } }: EchoProcess): Promise<void> {
  const peer = await peerOf({ port });
  peer.send({ opcode: TEXT, payload: "are you there?" });
  expect((await peer.frame()).payload.toString()).toBe("are you there?");
}

const closeFrame = (code: number): TestFrame => ({ opcode: CLOSE, payload: Buffer.from([code >> 8, code & 0xff]) });

/** 1 MiB without a pattern that a piece could be missing from unseen. */
const patterned = Buffer.from(Uint32Array.from({ length: MEBIBYTE / 4 }, (_, index) => index).buffer);

type Scenario = (echo: EchoProcess) => Promise<void>;

const scenarios: Readonly<Record<string, Scenario>> = {
  "a peer that does not read gets all of 16 MiB once it does, and meanwhile others are served": async (echo) => {
    const peer = await peerOf({ port: echo.places.port }, { target: "/flood" });
    peer.socket.pause();
    await serves(echo);
    await serves(echo);
    peer.socket.resume();
    const { payload } = await peer.frame();
    expect([payload.length, payload.every((byte) => byte === 7)]).toEqual([16 * MEBIBYTE, true]);
  },

  "what an application does not take is not read, and all of it is there when it does": async (echo) => {
    const { port } = echo.places;
    const peer = await peerOf({ port }, { target: "/later" });
    const count = 2 * 64;
    const frames = Array.from({ length: 64 }, (_, index): TestFrame => ({
      opcode: BINARY,
      payload: patterned.subarray(index * 16_384, (index + 1) * 16_384),
    }));
    peer.send(...frames, ...frames);
    await serves(echo);
    const gate = await peerOf({ port }, { target: "/gate" });
    gate.send({ opcode: TEXT, payload: "open" });
    for (let index = 0; index < count; index++) {
      const { payload } = await peer.frame();
      const at = (index % 64) * 16_384;
      expect(payload.equals(patterned.subarray(at, at + 16_384)), `message ${index}`).toBe(true);
    }
  },

  "a message of 16 MiB comes back as it was": async (echo) => {
    const client = await clientOf(`ws://127.0.0.1:${echo.places.port}/`);
    const message = Buffer.concat(Array.from({ length: 16 }, () => patterned));
    await client.send(message);
    const { value } = await client[Symbol.asyncIterator]().next();
    expect(Buffer.from(value ?? "").equals(message)).toBe(true);
  },

  "a message of 1 MiB in 1,024 fragments comes back in one": async (echo) => {
    const peer = await peerOf({ port: echo.places.port });
    const last = 1023;
    const fragments = Array.from({ length: last + 1 }, (_, index): TestFrame => ({
      opcode: index === 0 ? BINARY : CONTINUATION,
      payload: patterned.subarray(index * 1024, (index + 1) * 1024),
      isFinal: index === last,
    }));
    peer.send(...fragments);
    expect((await peer.frame()).payload.equals(patterned)).toBe(true);
  },

  "a peer that ends its direction behind a message and a close gets both answers, and then the end": async (echo) => {
    const peer = await peerOf({ port: echo.places.port });
    peer.send({ opcode: TEXT, payload: "last words" }, closeFrame(1000));
    peer.socket.end();
    expect((await peer.frame()).payload.toString()).toBe("last words");
    expect(await peer.closeFrame()).toEqual({ code: 1000, reason: "" });
    await peer.closed;
  },

  "a peer that ends its direction without a close is ended too": async (echo) => {
    const peer = await peerOf({ port: echo.places.port });
    peer.send({ opcode: TEXT, payload: "last words" });
    expect((await peer.frame()).payload.toString()).toBe("last words");
    peer.socket.end();
    await peer.closed;
  },

  "a close is answered with its code, and the server ends the connection": async (echo) => {
    const peer = await peerOf({ port: echo.places.port });
    peer.send(closeFrame(4000));
    expect(await peer.closeFrame()).toEqual({ code: 4000, reason: "" });
    await ended(peer);
  },

  "a client of ours closes cleanly": async (echo) => {
    const client = await clientOf(`ws://127.0.0.1:${echo.places.port}/`);
    expect(await client.close(4001, "enough")).toMatchObject({ code: 4001, wasClean: true });
  },

  "handshakes that break a rule are refused with a status and a reason, and the connection ends": async (echo) => {
    const refusals: readonly (readonly [string, number])[] = [
      [upgradeRequest({ headers: { Upgrade: undefined } }), 426],
      [upgradeRequest({ headers: { "Sec-WebSocket-Key": "short" } }), 400],
      [upgradeRequest({ headers: { "Sec-WebSocket-Version": "12" } }), 426],
      [upgradeRequest({ headers: { Origin: "https://elsewhere.example" } }), 403],
      [upgradeRequest({ method: "POST" }), 405],
      ["no HTTP at all\r\n\r\n", 400],
      [upgradeRequest({ headers: { Long: "x".repeat(20_000) } }), 431],
    ];
    for (const [request, status] of refusals) {
      const peer = await rawPeerOf({ port: echo.places.port });
      peer.write(request);
      expect([status, (await peer.refusal()).status]).toEqual([status, status]);
      await ended(peer);
    }
  },

  "a request in single bytes, with frames right behind it, is answered": async (echo) => {
    const peer = await rawPeerOf({ port: echo.places.port });
    peer.socket.setNoDelay(true);
    for (const byte of Buffer.from(upgradeRequest())) {
      await new Promise<void>((resolve) => void peer.socket.write(Buffer.of(byte), () => resolve()));
    }
    peer.send({ opcode: TEXT, payload: "at once" });
    expect((await peer.head()).status).toBe(101);
    expect((await peer.frame()).payload.toString()).toBe("at once");
  },

  "resets at any time end nobody else": async (echo) => {
    const { port } = echo.places;
    const half = await rawPeerOf({ port });
    half.write("GET / HTTP/1.1\r\nHost");
    half.reset();
    const flooded = await peerOf({ port }, { target: "/flood" });
    flooded.socket.pause();
    await serves(echo);
    flooded.reset();
    const talking = await peerOf({ port });
    talking.send({ opcode: BINARY, payload: patterned });
    talking.reset();
    await serves(echo);
  },

  "a message to 100 peers comes to each": async (echo) => {
    const { port } = echo.places;
    const peers = await Promise.all(Array.from({ length: 100 }, () => peerOf({ port }, { target: "/all" })));
    peers[0]?.send({ opcode: TEXT, payload: "to all" }, { opcode: TEXT, payload: "again" });
    for (const peer of peers) {
      expect(String((await peer.frame()).payload)).toBe("to all");
      expect(String((await peer.frame()).payload)).toBe("again");
    }
  },

  "compressed messages of all sizes come back, with the context taken over": async (echo) => {
    const socket = new WebSocket(`ws://127.0.0.1:${echo.places.port}/`, { perMessageDeflate: { threshold: 0 } });
    onTestFinished(() => socket.terminate());
    await once(socket, "open");
    expect(socket.extensions).toContain("permessage-deflate");
    for (const size of [0, 1, 200, 4096, 16_384, 16_385, 100_000, MEBIBYTE]) {
      const message = "подписка на канал, again and again; ".repeat(size / 36 + 1).slice(0, size);
      socket.send(message);
      const [answer] = (await once(socket, "message")) as [Buffer];
      expect(answer.toString()).toBe(message);
    }
  },

  TLS: async (echo) => {
    const { cert, places } = echo;
    const client = await clientOf(`wss://localhost:${places.securePort}/`, { tls: { ca: cert } });
    for (const message of ["hello", Buffer.concat([patterned, patterned])]) {
      await client.send(message);
      const { value } = await client[Symbol.asyncIterator]().next();
      expect(Buffer.from(value ?? "").equals(Buffer.from(message))).toBe(true);
    }
    expect(await client.close(1000)).toMatchObject({ code: 1000, wasClean: true });
  },

  "what is no TLS is dropped where TLS is spoken, and nobody minds": async (echo) => {
    const peer = await rawPeerOf({ port: echo.places.securePort });
    peer.write(upgradeRequest());
    await peer.closed;
    const client = await clientOf(`wss://localhost:${echo.places.securePort}/`, { tls: { ca: echo.cert } });
    await client.send("hello");
    expect((await client[Symbol.asyncIterator]().next()).value).toBe("hello");
  },

  "a Unix socket, where a process that was killed has left its file": async ({ socketPath }) => {
    const peer = await peerOf({ path: socketPath });
    peer.send({ opcode: TEXT, payload: "here" });
    expect((await peer.frame()).payload.toString()).toBe("here");
  },

  "channels: what is published comes to who subscribes, and is read again": async ({ places: { busUrl } }) => {
    const [near, far] = [connectBus(busUrl), connectBus(busUrl)].map((bus) => {
      onTestFinished(() => bus.close());
      return bus.channel("chat/lobby");
    });
    const live = far?.messages({ from: "start" });
    const receipts = [await near?.publish("one"), await near?.publish("two")];
    const seen = [(await live?.next())?.value, (await live?.next())?.value];
    expect(seen.map((message) => message?.data)).toEqual(["one", "two"]);
    expect(receipts).toMatchObject(seen.map((message) => ({ position: message?.position })));
    const again = await near?.messages({ from: "last 1" }).next();
    expect(again?.value?.data).toBe("two");
  },

  "an HTTP server that it is attached to": async ({ places: { attachedPort } }) => {
    const peer = await peerOf({ port: attachedPort });
    peer.send({ opcode: TEXT, payload: "attached" }, { opcode: BINARY, payload: patterned }, { opcode: PING });
    expect((await peer.frame()).payload.toString()).toBe("attached");
    const answers = [await peer.frame(), await peer.frame()];
    expect(answers.map(({ payload }) => payload.length).toSorted()).toEqual([0, MEBIBYTE]);
    peer.send(closeFrame(1000));
    expect(await peer.closeFrame()).toEqual({ code: 1000, reason: "" });
    await ended(peer);
  },
};

/** The last of them, as it ends the process. */
const stop: Scenario = async (echo) => {
  const peer = await peerOf({ port: echo.places.port });
  const half = await rawPeerOf({ port: echo.places.port });
  half.write("GET / HTTP/1.1\r\n");
  const untold = await rawPeerOf({ port: echo.places.securePort });
  const closing = echo.close();
  expect(await peer.closeFrame()).toEqual({ code: 1001, reason: "" });
  peer.send(closeFrame(1001));
  peer.socket.end();
  expect((await half.refusal()).status).toBe(503);
  half.socket.end();
  await untold.closed;
  expect(await closing).toEqual({ code: 0, said: "closed" });
};

function describeScenarios(path: string, runtime: string, entry: string): void {
  const echo = useEcho(path);

  it("the package gives the build that is meant for it", () => {
    expect(echo().places).toMatchObject({ runtime, entry });
  });
  it.each(Object.entries(scenarios))("%s", async (_, scenario) => {
    await expect(scenario(echo())).resolves.toBeUndefined();
  });
  it("a server that closes tells its peers, waits for them, and leaves nothing behind", async () => {
    await expect(stop(echo())).resolves.toBeUndefined();
  });
}

describe("under Node", () => describeScenarios(process.execPath, "node", "engine/index.js"));
describeWith("bun", "under Bun", (path) => describeScenarios(path, "bun", "engine/index-bun.js"));
