import { inflateRawSync, constants } from "node:zlib";
import { describe, expect, it } from "vitest";
import { decodeFrames } from "../../test/conformance/frames.js";
import { NodeDeflate } from "../adapters/node/deflate.js";
import { nodeTextCodec as text } from "../adapters/node/text-codec.js";
import { deferred, type Deferred } from "../kernel/deferred.js";
import { BusbarError } from "../kernel/errors.js";
import { Connection, type Role } from "../protocol/connection.js";
import { FrameWriter } from "../protocol/frame-writer.js";
import { MemoryTransport } from "../testing/memory-transport.js";
import { SeededRandom } from "../testing/seeded-random.js";
import { VirtualClock } from "../testing/virtual-clock.js";
import { Broadcasts } from "./broadcasts.js";
import { MessageDeflate } from "./message-deflate.js";
import { notSent, Outbox } from "./outbox.js";
import type { Deflate } from "./ports.js";
import { PreparedMessage } from "./prepared-message.js";
import { Sender, type WhenFull } from "./sender.js";
import { TurnWriter } from "./turn-writer.js";

interface Setting {
  readonly role?: Role;
  readonly outboxBytesMax?: number;
  readonly whenFull?: WhenFull;
  /** Compresses messages from 10 bytes on; undefined: none is. */
  readonly deflate?: Deflate;
}

/** Compression in other threads, each job of which ends when the test says so. */
class HeldDeflate implements Deflate {
  readonly jobs: { readonly payload: Uint8Array; readonly end: Deferred<Uint8Array> }[] = [];

  deflate(payload: Uint8Array): Promise<Uint8Array> {
    const end = deferred<Uint8Array>();
    this.jobs.push({ payload, end });
    return end.promise;
  }

  /** End the job with what zlib makes of it. */
  finish(index: number): void {
    const job = this.jobs[index];
    if (job === undefined) throw new Error(`there is no job ${index}`);
    job.end.resolve(new NodeDeflate({ level: 1 }).deflate(job.payload, { windowBits: 15, dictionary: undefined }));
  }

  inflate(): "invalid" {
    return "invalid";
  }
}

class Ground {
  readonly clock = new VirtualClock();
  readonly transport = new MemoryTransport({ turns: this.clock });
  readonly seen: string[] = [];
  readonly role: Role;
  readonly connection: Connection;
  readonly outbox: Outbox;
  readonly sender: Sender;

  constructor(setting: Setting = {}) {
    const { role = "server", outboxBytesMax = 1000, whenFull = "wait", deflate } = setting;
    const writer = new FrameWriter({ isMasked: role === "client", text, random: new SeededRandom(1) });
    this.role = role;
    const isDeflateNegotiated = deflate !== undefined;
    const limits = { messageBytesMax: 1e6, fragmentsMax: 10 };
    this.connection = new Connection({ ...limits, role, text, writer, isDeflateNegotiated });
    const sharedWriter = role === "server" ? writer : undefined;
    const turnWriter = new TurnWriter(this.clock);
    this.outbox = new Outbox({
      transport: this.transport,
      turnWriter,
      outboxWritten: () => this.sender.drain(),
    });
    const parameters = {
      serverNoContextTakeover: true,
      clientNoContextTakeover: true,
      serverMaxWindowBits: 15,
      clientMaxWindowBits: 15,
    };
    this.sender = new Sender({
      connection: this.connection,
      outbox: this.outbox,
      messageDeflate: deflate && new MessageDeflate({ role, parameters, fromBytes: 10, deflate, text }),
      sharedWriter,
      broadcasts: new Broadcasts({ turnWriter, sharedWriter, outboxBytesMax }),
      text,
      outboxBytesMax,
      whenFull,
      closeSent: () => void this.seen.push("close sent"),
      failed: (cause) => {
        this.seen.push(`failed: ${cause instanceof BusbarError ? cause.code : String(cause)}`);
        this.sender.close(1011, "");
      },
    });
  }

  /** Send, and note how that ends. */
  send(
    message: string | Uint8Array | PreparedMessage,
    name = typeof message === "string" ? message.slice(0, 12) : "",
  ): void {
    this.sender.send(message).then(
      () => this.seen.push(`${name}: sent`),
      (error: unknown) => this.seen.push(`${name}: ${error instanceof BusbarError ? error.code : String(error)}`),
    );
  }

  /** What was written, message by message; a close frame as its code. */
  get frames(): string[] {
    return decodeFrames(Buffer.concat(this.transport.writes), this.role).map(({ isCompressed, opcode, payload }) => {
      if (opcode === 8) return `close ${payload.readUInt16BE(0)}`;
      if (!isCompressed) return payload.toString();
      const whole = Buffer.concat([payload, Buffer.from([0, 0, 255, 255])]);
      return `deflated ${inflateRawSync(whole, { finishFlush: constants.Z_SYNC_FLUSH }).toString()}`;
    });
  }
}

describe("a sender without compression", () => {
  it("sends all of a turn in one write, and resolves when the kernel has taken it", async () => {
    const { clock, sender, transport } = new Ground();
    const sends = [sender.send("one"), sender.send(new Uint8Array([1])), sender.send(new PreparedMessage("three"))];
    expect(sends[1]).toBe(sends[0]);
    clock.runTurn();
    expect(transport.writes).toHaveLength(1);
    await clock.settle();
    await Promise.all(sends);
    expect(sender.bufferedBytes).toBe(0);
  });

  it("has a send wait while the outbox is full, and goes on in order as it drains", async () => {
    const ground = new Ground({ outboxBytesMax: 20 });
    ground.transport.block();
    for (const letter of ["a", "b", "c", "d"]) ground.send(letter.repeat(8));
    ground.send("e");
    await ground.clock.settle();
    // Two frames of 10 bytes have room; of those that wait the messages' bytes count.
    expect([ground.frames, ground.sender.bufferedBytes, ground.seen]).toEqual([["aaaaaaaa", "bbbbbbbb"], 37, []]);
    ground.transport.unblock();
    await ground.clock.settle();
    expect(ground.frames).toEqual(["aaaaaaaa", "bbbbbbbb", "cccccccc", "dddddddd", "e"]);
    expect(ground.seen.map((line) => line[0]).join("")).toBe("abcde");
    expect(ground.sender.bufferedBytes).toBe(0);
  });

  it("refuses a send while the outbox is full, where that was asked for", async () => {
    const ground = new Ground({ outboxBytesMax: 20, whenFull: "refuse" });
    ground.transport.block();
    for (const letter of ["a", "b", "c"]) ground.send(letter.repeat(8));
    expect(ground.sender.offer(new PreparedMessage("d".repeat(8)))).toBe(false);
    ground.transport.unblock();
    await ground.clock.settle();
    expect(ground.seen).toEqual(["cccccccc: websocket/outbox-full", "aaaaaaaa: sent", "bbbbbbbb: sent"]);
    expect(ground.frames).toEqual(["aaaaaaaa", "bbbbbbbb"]);
    ground.send("e");
    await ground.clock.settle();
    expect(ground.seen.at(-1)).toBe("e: sent");
  });

  it.each(["wait", "refuse"] as const)(
    "lets a message larger than the bound pass when nothing waits (%s)",
    async (whenFull) => {
      const ground = new Ground({ outboxBytesMax: 20, whenFull });
      ground.send("x".repeat(500), "large");
      ground.send("small");
      await ground.clock.settle();
      expect(ground.seen).toEqual(
        whenFull === "wait" ? ["large: sent", "small: sent"] : ["small: websocket/outbox-full", "large: sent"],
      );
    },
  );

  it("refuses the 1,025th send that waits, and no memory grows", async () => {
    const ground = new Ground({ outboxBytesMax: 20 });
    ground.transport.block();
    ground.send("x".repeat(20), "first");
    const waiting = Array.from({ length: 1024 }, () => ground.sender.send("m"));
    expect(ground.sender.bufferedBytes).toBe(22 + 1024);
    await expect(ground.sender.send("n")).rejects.toMatchObject({ code: "websocket/outbox-full", retryable: true });
    expect(ground.sender.bufferedBytes).toBe(22 + 1024);
    ground.transport.unblock();
    await ground.clock.settle();
    await Promise.all(waiting);
    expect([ground.frames.length, ground.sender.bufferedBytes]).toEqual([1025, 0]);
  });

  it("offers a message to a socket with room, and leaves it out without", async () => {
    const ground = new Ground({ outboxBytesMax: 30, whenFull: "wait" });
    ground.transport.block();
    const message = new PreparedMessage("m".repeat(13));
    expect([message, message, message].map((each) => ground.sender.offer(each))).toEqual([true, true, false]);
    expect(ground.sender.bufferedBytes).toBe(30);
    ground.sender.close(1000, "");
    expect(ground.sender.offer(new PreparedMessage(""))).toBe(false);
  });

  it("keeps the order where an offer comes behind sends that wait", async () => {
    const ground = new Ground({ outboxBytesMax: 20 });
    ground.transport.block();
    ground.send("a".repeat(17));
    ground.send("b".repeat(17));
    ground.transport.unblock();
    await ground.clock.settle();
    ground.transport.block();
    ground.send("c");
    await ground.clock.settle();
    expect(ground.sender.offer(new PreparedMessage("d"))).toBe(true);
    ground.transport.unblock();
    await ground.clock.settle();
    expect(ground.frames.map((frame) => frame[0]).join("")).toBe("abcd");
  });

  it("sends a close frame behind all that waits, once, and nothing behind it", async () => {
    const ground = new Ground({ outboxBytesMax: 20 });
    ground.transport.block();
    for (const letter of ["a", "b", "c"]) ground.send(letter.repeat(17));
    expect(ground.sender.isClosing).toBe(false);
    ground.sender.close(1001, "going");
    ground.sender.close(1000, "");
    expect(ground.sender.isClosing).toBe(true);
    ground.send("late");
    await ground.clock.settle();
    expect([ground.seen, ground.frames]).toEqual([["late: send/not-open"], ["a".repeat(17)]]);
    ground.transport.unblock();
    await ground.clock.settle();
    expect(ground.frames.map((frame) => frame.replaceAll(/(.)\1+/g, "$1"))).toEqual(["a", "b", "c", "close 101"]);
    expect(ground.seen.filter((line) => line === "close sent")).toHaveLength(1);
    ground.sender.drain();
    ground.send("later");
    await ground.clock.settle();
    expect(ground.frames).toHaveLength(4);
  });

  it("rejects what waits when the connection ends, and leaves no unhandled rejection", async () => {
    const ground = new Ground({ outboxBytesMax: 20 });
    ground.transport.block();
    ground.send("a".repeat(20));
    ground.send("b".repeat(20));
    const ignored = ground.sender.send("ignored");
    await ground.clock.settle();
    ground.connection.transportEnded();
    ground.outbox.fail(notSent());
    ground.sender.end(notSent());
    ground.send("late");
    await ground.clock.settle();
    expect(ground.seen.toSorted()).toEqual([
      "aaaaaaaaaaaa: websocket/not-sent",
      "bbbbbbbbbbbb: websocket/not-sent",
      "late: send/not-open",
    ]);
    expect(ground.sender.bufferedBytes).toBe(0);
    await expect(ignored).rejects.toMatchObject({ code: "websocket/not-sent" });
  });

  it("throws at once for what is no message", () => {
    const ground = new Ground();
    expect(() => ground.sender.send(new ArrayBuffer(3) as unknown as Uint8Array)).toThrow("only text and bytes");
    expect([ground.sender.bufferedBytes, ground.outbox.bufferedBytes]).toEqual([0, 0]);
  });

  it("frames a prepared message for each client's socket, for its masks are its own", async () => {
    const ground = new Ground({ role: "client" });
    ground.send(new PreparedMessage("hello"), "hello");
    await ground.clock.settle();
    expect(ground.frames).toEqual(["hello"]);
  });
});

describe("a sender with compression", () => {
  it("keeps the order of sends, done at once, elsewhere, or not compressed at all", async () => {
    const deflate = new HeldDeflate();
    const ground = new Ground({ deflate });
    const messages = ["held one, long enough", "short", "held two, long enough", "brief"];
    for (const message of messages) ground.send(message);
    expect(ground.sender.offer(new PreparedMessage("offered, long enough"))).toBe(true);
    expect(ground.sender.offer(new PreparedMessage("offer"))).toBe(true);
    await ground.clock.settle();
    expect([ground.frames, deflate.jobs.length, ground.sender.bufferedBytes]).toEqual([[], 1, 77]);
    deflate.finish(0);
    await ground.clock.settle();
    expect([ground.frames, deflate.jobs.length]).toEqual([["deflated held one, long enough", "short"], 2]);
    deflate.finish(1);
    await ground.clock.settle();
    deflate.finish(2);
    await ground.clock.settle();
    expect(ground.frames).toEqual([
      "deflated held one, long enough",
      "short",
      "deflated held two, long enough",
      "brief",
      "deflated offered, long enough",
      "offer",
    ]);
    expect(ground.seen.map((line) => line.slice(0, 8))).toEqual(["held one", "short: s", "held two", "brief: s"]);
    expect(ground.sender.bufferedBytes).toBe(0);
  });

  it.each(["server", "client"] as const)("sends what is compressed at once in the same write (%s)", async (role) => {
    const ground = new Ground({ role, deflate: new NodeDeflate({ level: 1 }) });
    ground.send("a text that is long enough");
    ground.send(new Uint8Array(Buffer.from("bytes that are enough")));
    ground.send(new PreparedMessage("prepared, long enough"));
    ground.send("short");
    ground.clock.runTurn();
    expect(ground.transport.writes).toHaveLength(1);
    expect(ground.frames).toEqual([
      "deflated a text that is long enough",
      "deflated bytes that are enough",
      "deflated prepared, long enough",
      "short",
    ]);
    const opcodes = decodeFrames(Buffer.concat(ground.transport.writes), role).map(({ opcode }) => opcode);
    expect(opcodes).toEqual([1, 2, 1, 1]);
  });

  it("counts a message's own bytes until its frame is made, and the frame's then", async () => {
    const deflate = new HeldDeflate();
    const ground = new Ground({ deflate, outboxBytesMax: 150 });
    ground.transport.block();
    ground.send("z".repeat(100), "first");
    ground.send("y".repeat(100), "second");
    expect(ground.sender.bufferedBytes).toBe(200);
    deflate.finish(0);
    await ground.clock.settle();
    const frameBytes = ground.transport.writes[0]?.length ?? 0;
    expect([frameBytes < 30, ground.sender.bufferedBytes]).toEqual([true, frameBytes + 100]);
    deflate.finish(1);
    await ground.clock.settle();
    ground.transport.unblock();
    await ground.clock.settle();
    expect([ground.sender.bufferedBytes, ground.frames.length]).toEqual([0, 2]);
  });

  it("sends a close frame behind a message that is still being compressed", async () => {
    const deflate = new HeldDeflate();
    const ground = new Ground({ deflate });
    ground.send("the last, long enough");
    ground.sender.close(1000, "");
    await ground.clock.settle();
    expect(ground.frames).toEqual([]);
    deflate.finish(0);
    await ground.clock.settle();
    expect(ground.frames).toEqual(["deflated the last, long enough", "close 1000"]);
    expect(ground.transport.writes).toHaveLength(1);
  });

  it("drops a message whose compression ends after the connection", async () => {
    const deflate = new HeldDeflate();
    const ground = new Ground({ deflate });
    ground.send("too late, long enough");
    ground.connection.transportEnded();
    ground.outbox.fail(notSent());
    ground.sender.end(notSent());
    deflate.finish(0);
    await ground.clock.settle();
    expect([ground.seen, ground.transport.writes]).toEqual([["too late, lo: websocket/not-sent"], []]);
  });

  it.each(["elsewhere", "at once"])(
    "gives the connection up when a compression fails %s, and still closes it",
    async (where) => {
      const held = new HeldDeflate();
      const failing: Deflate = {
        deflate: () => {
          throw new BusbarError("deflate/failed", "no memory");
        },
        inflate: () => "invalid",
      };
      const ground = new Ground({ deflate: where === "elsewhere" ? held : failing });
      ground.send("fails, long enough");
      ground.send("behind");
      held.jobs[0]?.end.reject(new BusbarError("deflate/failed", "no memory"));
      await ground.clock.settle();
      expect(ground.seen.toSorted()).toEqual([
        where === "elsewhere" ? "behind: websocket/not-sent" : "behind: send/not-open",
        "close sent",
        "failed: deflate/failed",
        "fails, long : websocket/not-sent",
      ]);
      expect([ground.frames, ground.sender.bufferedBytes]).toEqual([["close 1011"], 0]);
    },
  );

  it("still sends the close frame that was to leave behind a message whose compression fails", async () => {
    const deflate = new HeldDeflate();
    const ground = new Ground({ deflate });
    ground.send("fails, long enough");
    ground.sender.close(1000, "");
    deflate.jobs[0]?.end.reject(new Error("no memory"));
    await ground.clock.settle();
    expect(ground.frames).toEqual(["close 1000"]);
  });
});
