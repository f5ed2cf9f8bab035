import { describe, expect, it } from "vitest";
import { FakeBun, type FakeBunSocket } from "../../../test/support/fake-bun.js";
import type { Transport, TransportListener, WriteListener } from "../../websocket/ports.js";
import { BunListener } from "./listener.js";

class Ground implements TransportListener {
  readonly told: string[] = [];
  readonly socket: FakeBunSocket;
  readonly transport: Transport;

  constructor({ isListening = true } = {}) {
    const bun = new FakeBun();
    const transports: Transport[] = [];
    const listener = new BunListener({
      bun,
      where: { hostname: "127.0.0.1", port: 0 },
      tls: undefined,
      connectionsMax: 1,
      accept: (transport) => transports.push(transport),
      onTlsFailed: () => {},
    });
    expect(listener.port).toBe(4242);
    this.socket = bun.connect("192.0.2.1");
    const [transport] = transports;
    if (transport === undefined) throw new Error("it was accepted");
    this.transport = transport;
    if (isListening) transport.listen(this);
  }

  bytesReceived(chunk: Uint8Array): void {
    this.told.push(Buffer.from(chunk).toString());
  }

  peerEnded(): void {
    this.told.push("end");
  }

  transportClosed(error?: Error): void {
    this.told.push(error === undefined ? "closed" : `closed: ${error.message}`);
  }

  write(...texts: readonly string[]): void {
    const text = texts.join("");
    const listener: WriteListener = {
      written: (error) => this.told.push(error === undefined ? `wrote ${text}` : `failed ${text}`),
    };
    const pieces = texts.map((piece) => Buffer.from(piece));
    if (this.transport.write(pieces, listener)) this.told.push(`wrote ${text} at once`);
  }
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe("reading", () => {
  it("tells bytes, the end and the close", () => {
    const { socket, told, transport } = new Ground();
    expect([transport.remoteAddress, transport.isSecure]).toEqual(["192.0.2.1", false]);
    socket.receive("a");
    socket.end();
    socket.cut();
    expect(told).toEqual(["a", "end", "closed"]);
  });

  it("tells chunks of any length whole", () => {
    const { socket, told } = new Ground();
    const texts = [1, 16_384, 16_385, 2].map((length) => "abc".repeat(length).slice(0, length));
    for (const text of texts) socket.receive(text);
    expect(told).toEqual(texts);
  });

  it("keeps what comes before anybody listens, its order and its end", async () => {
    const ground = new Ground({ isListening: false });
    const { socket, told, transport } = ground;
    socket.receive("a");
    socket.end();
    transport.listen(ground);
    socket.receive("b");
    expect(told).toEqual([]);
    await turn();
    expect(told).toEqual(["a", "b", "end"]);
  });

  it("keeps what comes while it is paused, also when it is paused again meanwhile", async () => {
    const { socket, told, transport } = new Ground();
    transport.pause();
    transport.pause();
    socket.receive("a");
    transport.resume();
    transport.resume();
    transport.pause();
    await turn();
    expect(told).toEqual([]);
    transport.resume();
    await turn();
    expect(told).toEqual(["a"]);
    expect(socket.calls).toEqual(["pause", "resume"]);
  });

  it("stops Bun's reading once, with what comes first while it is paused", () => {
    const { socket, told, transport } = new Ground();
    transport.pause();
    transport.resume();
    expect(socket.calls).toEqual([]);
    transport.pause();
    socket.receive("a");
    socket.receive("b");
    expect([socket.calls, told]).toEqual([["pause"], []]);
  });

  it("tells nothing that came early once the connection is gone", async () => {
    const { socket, told, transport } = new Ground();
    transport.pause();
    socket.receive("a");
    transport.resume();
    socket.fail(new Error("read ECONNRESET"));
    await turn();
    expect(told).toEqual(["closed: the connection failed: read ECONNRESET"]);
  });
});

describe("writing", () => {
  it("is done at once when the kernel takes it, in order", () => {
    const ground = new Ground();
    ground.write("a");
    ground.write("b", "c");
    expect([ground.socket.written, ground.told]).toEqual(["abc", ["wrote a at once", "wrote bc at once"]]);
  });

  it("waits where the kernel takes a part, and goes on as it takes more", () => {
    const ground = new Ground();
    const { socket, told } = ground;
    socket.drain(2);
    ground.write("abc", "def");
    ground.write("g");
    expect([socket.written, told]).toEqual(["ab", []]);
    socket.drain(2);
    expect([socket.written, told]).toEqual(["abcd", []]);
    socket.drain(10);
    expect([socket.written, told]).toEqual(["abcdefg", ["wrote abcdef", "wrote g"]]);
    ground.write("h");
    expect(socket.written).toBe("abcdefgh");
  });

  it("ends our direction behind what waits, once", () => {
    const ground = new Ground();
    const { socket, told, transport } = ground;
    socket.drain(1);
    ground.write("ab");
    transport.end();
    transport.end();
    expect(socket.calls).not.toContain("shutdown");
    socket.drain(1);
    expect([socket.written, told]).toEqual(["ab", ["wrote ab"]]);
    expect(socket.calls.filter((call) => call === "shutdown")).toHaveLength(1);
  });

  it("ends our direction at once where nothing waits", () => {
    const { socket, transport } = new Ground();
    transport.end();
    expect(socket.calls).toEqual(["shutdown"]);
  });

  it("fails where the connection breaks, before that is told, and is told so later once it is gone", async () => {
    const ground = new Ground();
    ground.socket.drain(-1);
    ground.write("a");
    ground.socket.drain(-1);
    ground.socket.cut();
    ground.write("b");
    expect(ground.told).toEqual(["failed a", "closed"]);
    await Promise.resolve();
    expect(ground.told).toEqual(["failed a", "closed", "failed b"]);
  });
});

describe("dropping", () => {
  it("is told later, once, and nothing else behind it", async () => {
    const ground = new Ground();
    const { socket, told, transport } = ground;
    socket.drain(0);
    ground.write("a");
    transport.destroy();
    transport.destroy();
    transport.end();
    transport.pause();
    transport.resume();
    socket.receive("late");
    socket.drain(1);
    expect(told).toEqual([]);
    await turn();
    expect(told).toEqual(["failed a", "closed"]);
    expect(socket.calls).toEqual(["close"]);
  });
});
