import { once } from "node:events";
import { connect, createServer, Socket } from "node:net";
import { TLSSocket } from "node:tls";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { BusbarError } from "../../kernel/errors.js";
import { rawStreamOf } from "./handle-stream.js";
import type { RawStream } from "./raw-stream.js";

describe("what is under a socket", () => {
  let server: ReturnType<typeof createServer>;
  let peer: Socket;
  let socket: Socket;
  let raw: RawStream;
  beforeEach(async () => {
    server = createServer({ pauseOnConnect: true }).listen(0, "127.0.0.1");
    await once(server, "listening");
    const address = server.address();
    const accepted = once(server, "connection");
    peer = connect(typeof address === "object" && address !== null ? address.port : 0, "127.0.0.1");
    [socket] = (await accepted) as [Socket];
    const found = rawStreamOf(socket);
    if (found === undefined) throw new Error("this Node has what is needed");
    raw = found;
  });
  afterEach(async () => {
    peer.destroy();
    socket.destroy();
    server.close();
    await once(server, "close");
  });

  it("reads into one buffer, again and again", async () => {
    const buffers = new Set<ArrayBufferLike>();
    const texts: string[] = [];
    const next = () => new Promise<void>((resolve) => (heard = resolve));
    let heard = (): void => {};
    raw.listen((chunk) => {
      buffers.add(chunk.buffer);
      texts.push(Buffer.from(chunk).toString());
      heard();
    });
    socket.resume();
    for (const text of ["one", "two", "three"]) {
      const came = next();
      peer.write(text);
      await came;
    }
    expect([texts, buffers.size]).toEqual([["one", "two", "three"], 1]);
  });

  it("lets other sockets have their turn behind a full buffer, and stays paused where it was paused meanwhile", async () => {
    const handle: object = Reflect.get(socket, "_handle");
    const stops = vi.spyOn(handle as { readStop(): number }, "readStop");
    const starts = vi.spyOn(handle as { readStart(): number }, "readStart");
    const chunks: { bytes: number; stops: number }[] = [];
    let received = 0;
    let whenFull = (): void => {};
    const full = new Promise<void>((resolve) => (whenFull = resolve));
    let whenAll = (): void => {};
    const all = new Promise<void>((resolve) => (whenAll = resolve));
    raw.listen((chunk) => {
      received += chunk.length;
      chunks.push({ bytes: chunk.length, stops: stops.mock.calls.length });
      if (chunk.length === 65_536 && stops.mock.calls.length === 0) {
        raw.pause();
        whenFull();
      }
      if (received === 400_000) whenAll();
    });
    peer.end(Buffer.alloc(400_000));
    // All of it waits before the first of it is read.
    await once(peer, "finish");
    socket.resume();
    await full;
    await new Promise((resolve) => setImmediate(resolve));
    expect([received, stops.mock.calls.length, starts.mock.calls.length]).toEqual([65_536, 1, 1]);
    raw.resume();
    await all;
    const unstopped = chunks.slice(1).filter(({ stops: count }, index) => {
      const before = chunks[index];
      return before?.bytes === 65_536 && before.stops === count;
    });
    expect(unstopped).toEqual([]);
  });

  it("is done at once with what the kernel takes, and later with the rest", async () => {
    const order: string[] = [];
    expect(raw.write([Buffer.from("a")], { written: () => order.push("little") })).toBe(true);
    peer.pause();
    const much = new Promise<void>((resolve) => {
      const written = (error?: BusbarError): void => {
        order.push(error === undefined ? "much" : error.message);
        resolve();
      };
      expect(raw.write([Buffer.alloc(16_000_000), Buffer.alloc(16_000_000)], { written })).toBe(false);
    });
    order.push("returned");
    peer.resume();
    await much;
    expect(order).toEqual(["returned", "much"]);
  });

  it("ends the socket with a write that fails, and says so", async () => {
    const closed = new Promise<void>((resolve) => socket.on("close", () => resolve()));
    const error = once(socket, "error");
    vi.spyOn(Reflect.get(socket, "_handle"), "writeBuffer").mockReturnValue(-32);
    const told = vi.fn();
    expect(raw.write([Buffer.from("a")], { written: told })).toBe(false);
    expect(told).not.toHaveBeenCalled();
    await Promise.resolve();
    expect(told).toHaveBeenCalledExactlyOnceWith(expect.objectContaining({ code: "transport/failed" }));
    expect(await error).toMatchObject([{ message: "write EPIPE" }]);
    await closed;
    const tooLate = vi.fn();
    expect(raw.write([Buffer.from("a")], { written: tooLate })).toBe(false);
    await Promise.resolve();
    expect(tooLate).toHaveBeenCalledExactlyOnceWith(expect.objectContaining({ code: "transport/failed" }));
  });

  it("is not used under TLS, nor where there is no handle, nor another kind of one", () => {
    expect(rawStreamOf(new Socket())).toBeUndefined();
    expect(rawStreamOf(new TLSSocket(socket))).toBeUndefined();
    const handle = Reflect.get(peer, "_handle");
    vi.spyOn(handle, "useUserBuffer", "get").mockReturnValue(undefined);
    expect(rawStreamOf(peer)).toBeUndefined();
  });
});

describe("without Node's binding", () => {
  const found = async (binding: unknown): Promise<RawStream | undefined> => {
    vi.resetModules();
    vi.stubGlobal("process", Object.create(process, { binding: { value: binding } }));
    const fresh = await import("./handle-stream.js");
    const socket = connect(1, "127.0.0.1");
    socket.on("error", () => {});
    try {
      return fresh.rawStreamOf(socket);
    } finally {
      socket.destroy();
    }
  };
  afterEach(() => {
    vi.unstubAllGlobals();
    vi.resetModules();
  });

  it.each([
    ["nothing", undefined],
    ["a refusal", () => expect.fail("not allowed")],
    ["something else", () => null],
    ["something like it", () => ({ WriteWrap: Object, streamBaseState: new Float64Array(4) })],
  ])("there is no such stream: %s", async (_name, binding) => {
    expect(await found(binding)).toBeUndefined();
  });
});
