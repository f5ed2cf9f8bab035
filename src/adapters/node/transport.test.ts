import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { connect, createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { deferred } from "../../kernel/deferred.js";
import type { BusbarError } from "../../kernel/errors.js";
import type { Transport } from "../../websocket/ports.js";
import { Arrivals } from "./arrivals.js";
import { rawStreamOf, takenTransportOf } from "./handle-stream.js";
import { NodeTransport, type NodeTransportOptions } from "./transport.js";

const closing: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close();
});

async function listen(where: string | number): Promise<Server> {
  const server = createServer({ pauseOnConnect: true });
  server.listen(typeof where === "string" ? where : { port: where, host: "127.0.0.1" });
  await once(server, "listening");
  closing.push(() => new Promise((resolve) => server.close(() => resolve())));
  return server;
}

/** A socket of Node that has connected to a server. */
async function peerOf(server: Server): Promise<Socket> {
  const address = server.address();
  const options = typeof address === "string" ? { path: address } : { port: address?.port ?? 0, host: "127.0.0.1" };
  const peer = connect({ ...options, allowHalfOpen: true });
  peer.on("error", () => {});
  await once(peer, "connect");
  closing.push(async () => void peer.destroy());
  return peer;
}

/** Both ends of a connection: Node's own socket, and ours before anybody listens. */
async function connected(where?: string): Promise<{ peer: Socket; socket: Socket }> {
  const server = await listen(where ?? 0);
  const accepted = once(server, "connection");
  const [[socket], peer]: [Socket[], Socket] = await Promise.all([accepted, peerOf(server)]);
  if (socket === undefined) throw new Error("a connection has a socket");
  closing.push(async () => void socket.destroy());
  return { peer, socket };
}

/** What a transport tells, with a promise for each of its ends. */
class Ear {
  readonly chunks: Uint8Array[] = [];
  readonly #ended = deferred<void>();
  readonly #closed = deferred<BusbarError | undefined>();
  readonly #waiting: { bytes: number; resolve: () => void }[] = [];
  onBytes = (): void => {};

  get ended(): Promise<void> {
    return this.#ended.promise;
  }

  get closed(): Promise<BusbarError | undefined> {
    return this.#closed.promise;
  }

  get bytes(): number {
    return this.chunks.reduce((sum, { length }) => sum + length, 0);
  }

  get text(): string {
    return Buffer.concat(this.chunks).toString();
  }

  /** Resolves when so many bytes have come. */
  heard(bytes: number): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.push({ bytes, resolve });
      this.#look();
    });
  }

  bytesReceived(chunk: Uint8Array): void {
    // It is ours until we return.
    this.chunks.push(Uint8Array.from(chunk));
    this.onBytes();
    this.#look();
  }

  peerEnded(): void {
    this.#ended.resolve();
  }

  transportClosed(error?: BusbarError): void {
    this.#closed.resolve(error);
  }

  #look(): void {
    for (const { bytes, resolve } of this.#waiting) if (this.bytes >= bytes) resolve();
  }
}

type StreamOf = NonNullable<NodeTransportOptions["streamOf"]>;

interface Ground {
  readonly peer: Socket;
  readonly transport: Transport;
  readonly ear: Ear;
}

/** A connection as a transport, whose listener hears all from the beginning. */
type Way = (where?: string) => Promise<Ground>;

const onSocket =
  (streamOf: StreamOf): Way =>
  async (where) => {
    const { peer, socket } = await connected(where);
    const transport = new NodeTransport(socket, { streamOf });
    const ear = new Ear();
    transport.listen(ear);
    return { peer, transport, ear };
  };

const onHandle: Way = async (where) => {
  const server = await listen(where ?? 0);
  const sockets: Socket[] = [];
  server.on("connection", (socket) => sockets.push(socket));
  const arrived = deferred<Transport>();
  void new Arrivals({ server, connectionsMax: 2, accept: arrived.resolve });
  const peer = await peerOf(server);
  const transport = await arrived.promise;
  closing.push(async () => transport.destroy());
  expect(sockets).toEqual([]);
  const ear = new Ear();
  transport.listen(ear);
  return { peer, transport, ear };
};

const onTaken: Way = async (where) => {
  const { peer, socket } = await connected(where);
  const closed = once(socket, "close");
  const transport = takenTransportOf(socket);
  if (transport === undefined) throw new Error("this Node has what is needed");
  closing.push(async () => transport.destroy());
  await closed;
  const ear = new Ear();
  transport.listen(ear);
  return { peer, transport, ear };
};

const write = (transport: Transport, ...pieces: string[]): Promise<BusbarError | undefined> =>
  writeBytes(
    transport,
    pieces.map((piece) => Buffer.from(piece)),
  );

/** Write; resolves when that is done, with the error if there is one. */
const writeBytes = (transport: Transport, pieces: readonly Uint8Array[]): Promise<BusbarError | undefined> =>
  new Promise((resolve) => {
    if (transport.write(pieces, { written: resolve })) resolve(undefined);
  });

/** All that the peer receives until our end. */
async function received(peer: Socket): Promise<string> {
  const chunks: Buffer[] = [];
  peer.on("data", (chunk: Buffer) => chunks.push(chunk));
  await once(peer, "end");
  return Buffer.concat(chunks).toString();
}

describe.each<[string, Way]>([
  ["on what is under a socket", onSocket(rawStreamOf)],
  ["on a socket alone", onSocket(() => undefined)],
  ["without a socket", onHandle],
  ["on what was taken from a socket", onTaken],
])("Node's transport %s", (_name, listening) => {
  it("writes pieces in their order and is done once the kernel has them", async () => {
    const { peer, transport } = await listening();
    const all = received(peer);
    expect(await write(transport, "one ", "two ", "three ")).toBeUndefined();
    expect(await write(transport, "four")).toBeUndefined();
    transport.end();
    expect(await all).toBe("one two three four");
  });

  it("knows its peer's address; a Unix socket's is local", async () => {
    const { transport } = await listening();
    expect(transport.remoteAddress).toBe("127.0.0.1");
    const folder = await mkdtemp(join(tmpdir(), "busbar-"));
    closing.push(() => rm(folder, { recursive: true }));
    const { ear, peer, transport: local } = await listening(join(folder, "socket"));
    peer.write("hello");
    await ear.heard(5);
    expect([local.remoteAddress, ear.text]).toEqual(["local", "hello"]);
  });

  it("tells whoever listens now, and nobody before", async () => {
    const { ear, peer, transport } = await listening();
    peer.write("one");
    await ear.heard(3);
    const next = new Ear();
    transport.listen(next);
    peer.write("two");
    await next.heard(3);
    transport.destroy();
    await next.closed;
    expect([ear.text, next.text]).toEqual(["one", "two"]);
  });

  it("has the peer wait while it is paused, and loses nothing", async () => {
    const { peer, transport, ear } = await listening();
    ear.onBytes = () => transport.pause();
    const size = 32 * 1024 * 1024;
    peer.write(Buffer.alloc(size));
    await ear.heard(1);
    expect([ear.chunks.length, peer.writableLength > 0]).toEqual([1, true]);
    ear.onBytes = () => {};
    transport.resume();
    peer.end();
    await ear.ended;
    expect(ear.bytes).toBe(size);
  });

  it("can still write when the peer has ended its direction, and is closed when both have", async () => {
    const { peer, transport, ear } = await listening();
    peer.end("bye");
    await ear.ended;
    const all = received(peer);
    expect(await write(transport, "good bye")).toBeUndefined();
    transport.end();
    expect([await all, await ear.closed, ear.text]).toEqual(["good bye", undefined, "bye"]);
  });

  it("hears the peer's end when it ended its own direction first", async () => {
    const { peer, transport, ear } = await listening();
    transport.end();
    await received(peer);
    peer.end("last words");
    await ear.ended;
    expect([await ear.closed, ear.text]).toEqual([undefined, "last words"]);
  });

  it("is gone at once when it is destroyed, with what was being written", async () => {
    const { peer, transport, ear } = await listening();
    peer.pause();
    const unwritten = writeBytes(transport, [Buffer.alloc(32 * 1024 * 1024)]);
    transport.destroy();
    expect(await unwritten).toMatchObject({ code: "transport/failed", retryable: true });
    expect(await ear.closed).toBeUndefined();
  });

  it("tells why it broke, once, and each write that it was not done", async () => {
    const { peer, transport, ear } = await listening();
    peer.resetAndDestroy();
    expect(await ear.closed).toMatchObject({
      code: "transport/failed",
      retryable: true,
      cause: { code: "ECONNRESET" },
    });
    expect(await write(transport, "too late")).toMatchObject({ code: "transport/failed" });
  });
});

describe.each<[string, StreamOf]>([
  ["on what is under it", rawStreamOf],
  ["alone", () => undefined],
])("a socket that was somebody else's, %s,", (_name, streamOf) => {
  it("hears of an end that came before it listened", async () => {
    const { peer, socket } = await connected();
    socket.allowHalfOpen = true;
    peer.end();
    socket.resume();
    await once(socket, "end");
    const ear = new Ear();
    const transport = new NodeTransport(socket, { streamOf });
    transport.listen(ear);
    await ear.ended;
    transport.end();
    expect(await ear.closed).toBeUndefined();
  });

  it("stays paused where it was paused before anybody listened", async () => {
    const { peer, socket } = await connected();
    const transport = new NodeTransport(socket, { streamOf });
    const ear = new Ear();
    transport.pause();
    transport.listen(ear);
    expect(socket.isPaused()).toBe(true);
    peer.write("later");
    transport.resume();
    await ear.heard(5);
    expect(ear.text).toBe("later");
  });
});

describe("a socket's handle", () => {
  it("is not taken where the socket still has something to say or to write, or is gone", async () => {
    const { peer, socket } = await connected();
    peer.write("read before");
    socket.pause();
    await once(socket, "readable");
    expect(takenTransportOf(socket)).toBeUndefined();
    expect(String(socket.read())).toBe("read before");
    peer.pause();
    socket.write(Buffer.alloc(32 * 1024 * 1024));
    expect(takenTransportOf(socket)).toBeUndefined();
    socket.destroy();
    expect(takenTransportOf(socket)).toBeUndefined();
  });
});
