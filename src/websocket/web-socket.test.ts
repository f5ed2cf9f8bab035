import { describe, expect, it } from "vitest";
import { CLOSE, TEXT } from "../../test/conformance/frames.js";
import { collectGarbage } from "../../test/support/garbage.js";
import {
  closePayload,
  frameWriter,
  plainDeflate,
  SocketGround,
  type SocketSetting,
} from "../../test/support/socket-ground.js";
import { NodeDeflate } from "../adapters/node/deflate.js";
import { nodeTextCodec as text } from "../adapters/node/text-codec.js";
import { FrameWriter, type Frame } from "../protocol/frame-writer.js";
import type { Frames } from "../protocol/frames.js";
import { SeededRandom } from "../testing/seeded-random.js";
import { VirtualClock } from "../testing/virtual-clock.js";
import type { Deflate, Transport } from "./ports.js";
import { PreparedMessage } from "./prepared-message.js";
import { SocketDriver } from "./socket-driver.js";
import { SocketKind } from "./socket-kind.js";
import { broadcast, WebSocket } from "./web-socket.js";

class CountingWriter extends FrameWriter {
  frames = 0;

  constructor() {
    super({ isMasked: false, text, random: new SeededRandom(1) });
  }

  override write(frame: Frame, output: Frames): void {
    this.frames++;
    super.write(frame, output);
  }
}

describe("a WebSocket", () => {
  it("shows what it began with, its state, and what waits for its peer", async () => {
    const ground = new SocketGround();
    const identity = { request: { url: "/chat" }, principal: "ada", protocol: "busbar.v1" };
    const socket = new WebSocket(ground.driver, identity);
    expect(socket).toMatchObject(identity);
    expect([socket.state, socket.bufferedBytes]).toEqual(["open", 0]);
    const send = socket.send("hello");
    expect(socket.bufferedBytes).toBe(7);
    await ground.clock.settle();
    await send;
    expect([socket.bufferedBytes, ground.sent]).toEqual([0, ["text hello"]]);
    const closed = socket.close();
    expect([socket.state, socket.closed]).toEqual(["closing", closed]);
    ground.receive({ opcode: CLOSE, payload: closePayload(1000) });
    ground.transport.endByPeer();
    await ground.clock.settle();
    expect([socket.state, await closed]).toEqual(["closed", { code: 1000, reason: "", wasClean: true }]);
  });

  it("is the eight lines of a server: a loop over messages that answers each", async () => {
    const ground = new SocketGround();
    const { socket } = ground;
    const served = (async () => {
      for await (const message of socket) await socket.send(`reply: ${String(message)}`);
    })();
    for (const payload of ["one", "two"]) {
      ground.receive({ opcode: TEXT, payload });
      await ground.clock.settle();
    }
    expect(ground.sent).toEqual(["text reply: one", "text reply: two"]);
    socket.terminate();
    await ground.clock.settle();
    await expect(served).resolves.toBeUndefined();
  });

  it("takes a listener off again", () => {
    const ground = new SocketGround();
    const seen: unknown[] = [];
    const stop = ground.socket.on("message", (message) => seen.push(message));
    ground.receive({ opcode: TEXT, payload: "one" });
    stop();
    ground.receive({ opcode: TEXT, payload: "two" });
    expect(seen).toEqual(["one"]);
  });

  it("leaves no unhandled rejection when nobody awaits what it promises", async () => {
    const ground = new SocketGround({ limits: { outboxBytesMax: 10 } });
    const { socket } = ground;
    ground.transport.block();
    const ignored = [socket.send("x".repeat(20)), socket.send("y".repeat(20)), socket.ping(), socket.close(99)];
    socket.terminate();
    ignored.push(socket.send("late"), socket.ping());
    await ground.clock.settle();
    expect(ignored).toHaveLength(6);
  });

  it("holds no buffer of its own once it is idle, whatever went through it", async () => {
    const clock = new VirtualClock();
    const deflate = new NodeDeflate({ level: 1 });
    const writer = frameWriter("server");
    const payload = "x".repeat(30_000);
    const count = 300;
    const memory = async (): Promise<number> => {
      await collectGarbage();
      return process.memoryUsage().arrayBuffers;
    };
    const sockets: WebSocket<undefined, undefined>[] = [];
    const before = await memory();
    for (let index = 0; index < count; index++) {
      const transport: Transport = {
        remoteAddress: "memory",
        isSecure: false,
        listen: () => {},
        write: (_, listener) => {
          clock.atEndOfTurn(() => listener.written());
          return false;
        },
        pause: () => {},
        resume: () => {},
        end: () => {},
        destroy: () => {},
      };
      const driver = new SocketDriver({
        kind: new SocketKind({
          role: "server",
          surroundings: {
            clock,
            turns: clock,
            random: new SeededRandom(1),
            text,
            deflate,
            logger: { debug() {}, info() {}, warn() {}, error() {} },
            writer,
          },
          limits: {
            messageBytesMax: 100_000,
            fragmentsMax: 10,
            outboxBytesMax: 10_000,
            whenFull: "wait",
            closeTimeoutMs: 1000,
            keepaliveIdleMs: 25_000,
            keepaliveTimeoutMs: 10_000,
            deflateFromBytes: 1e9,
          },
        }),
        transport,
        deflate: plainDeflate,
      });
      const socket = new WebSocket(driver, { request: undefined, principal: undefined, protocol: "" });
      const message = Buffer.concat([Buffer.from([0x81, 254, 0, 100, 0, 0, 0, 0]), Buffer.alloc(100, "m")]);
      driver.bytesReceived(message);
      driver.inbox.shift();
      for (let send = 0; send < 5; send++) socket.send(payload).catch(() => {});
      sockets.push(socket);
    }
    await clock.settle();
    expect(sockets.every(({ bufferedBytes }) => bufferedBytes === 0)).toBe(true);
    // The 64 KiB that all frames of a role are cut from stay, and nothing for each socket.
    expect((await memory()) - before).toBeLessThan(200_000);
  });
});

describe("a broadcast", () => {
  it("reaches all sockets but those that are full or closing, which it names", async () => {
    const clock = new VirtualClock();
    const grounds = Array.from({ length: 3 }, () => new SocketGround({ clock, limits: { outboxBytesMax: 30 } }));
    const [, full, closing] = grounds.map(({ socket }) => socket);
    grounds[1]?.transport.block();
    const send = full?.send("x".repeat(28));
    grounds[2]?.driver.close(1000, "");
    const sockets = grounds.map(({ socket }) => socket);
    expect(broadcast(sockets, "to all")).toEqual([full, closing]);
    expect(broadcast(new Set(sockets.slice(0, 1)), new Uint8Array([65]))).toEqual([]);
    expect(broadcast(new Set(sockets.slice(0, 1)), new PreparedMessage("prepared"))).toEqual([]);
    await clock.settle();
    expect(grounds[0]?.sent).toEqual(["text to all", "bytes A", "text prepared"]);
    grounds[1]?.transport.unblock();
    await clock.settle();
    await send;
    expect([grounds[1]?.sent.length, grounds[2]?.sent]).toEqual([1, ["close 1000"]]);
  });

  it.each([
    ["framed once", undefined],
    ["compressed once, at once", "at once"],
    ["compressed once, elsewhere", "elsewhere"],
  ])("to 1,000 sockets is %s, and one write for each", async (_, where) => {
    const clock = new VirtualClock();
    const writer = new CountingWriter();
    const node = new NodeDeflate({ level: 1 });
    let compressions = 0;
    const port: Deflate = {
      deflate: (payload, options) => {
        compressions++;
        const result = node.deflate(payload, options);
        return where === "at once" ? result : Promise.resolve(result);
      },
      inflate: () => "invalid",
    };
    const setting: SocketSetting =
      where === undefined ? { clock, writer } : { clock, writer, port, deflate: plainDeflate };
    const grounds = Array.from({ length: 1000 }, () => new SocketGround(setting));
    const sockets = grounds.map(({ socket }) => socket);
    expect(broadcast(sockets, "a message for everybody")).toEqual([]);
    await clock.settle();
    expect([writer.frames, compressions]).toEqual([1, where === undefined ? 0 : 1]);
    const first = grounds[0]?.transport.writes[0] ?? new Uint8Array(0);
    expect(grounds[0]?.sent[0]).toMatch(where === undefined ? "text a message for everybody" : /^deflated text \d+$/);
    for (const { transport } of grounds) {
      expect(transport.writes).toHaveLength(1);
      expect(Buffer.compare(transport.writes[0] ?? Buffer.alloc(0), first)).toBe(0);
    }
  });
});
