import {
  createDeflateRaw,
  createInflateRaw,
  constants,
  deflateRawSync,
  type DeflateRaw,
  type InflateRaw,
} from "node:zlib";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { encodeFrame, PING, TEXT, type TestFrame } from "../../test/conformance/frames.js";
import { plainDeflate, SocketGround } from "../../test/support/socket-ground.js";
import { NodeDeflate } from "../adapters/node/deflate.js";
import { nodeTextCodec } from "../adapters/node/text-codec.js";
import { deferred, type Deferred } from "../kernel/deferred.js";
import type { Role } from "../protocol/connection.js";
import { bytesOf as runBytes } from "../protocol/frames.js";
import { FrameWriter } from "../protocol/frame-writer.js";
import { SeededRandom } from "../testing/seeded-random.js";
import { MessageDeflate } from "./message-deflate.js";
import type { Deflate, Inflation } from "./ports.js";
import { PreparedMessage } from "./prepared-message.js";

const TAIL = Buffer.from([0x00, 0x00, 0xff, 0xff]);
const MIB = 1024 * 1024;

interface Setting {
  readonly role: Role;
  readonly bits: number;
  readonly isAlone: boolean;
}

/** Compression with the same window and context both ways. */
function messageDeflate({ role, bits, isAlone }: Setting): MessageDeflate {
  return new MessageDeflate({
    role,
    parameters: {
      serverMaxWindowBits: bits,
      clientMaxWindowBits: bits,
      serverNoContextTakeover: isAlone,
      clientNoContextTakeover: isAlone,
    },
    fromBytes: 0,
    deflate: new NodeDeflate({ level: 9 }),
    text: nodeTextCodec,
  });
}

/** zlib's own stream as the peer: it keeps its context, and takes nothing from behind its window. */
class ZlibPeer {
  readonly #inflate: InflateRaw;
  readonly #deflate: DeflateRaw;

  constructor(windowBits: number) {
    this.#inflate = createInflateRaw({ windowBits });
    this.#deflate = createDeflateRaw({ windowBits, level: 9 });
  }

  inflate(payload: Uint8Array): Promise<Buffer> {
    return work(this.#inflate, Buffer.concat([payload, TAIL]));
  }

  async deflate(payload: Uint8Array): Promise<Buffer> {
    return (await work(this.#deflate, payload)).subarray(0, -TAIL.length);
  }
}

/** Write to a stream of zlib, flush it, and give all that came out. */
function work(stream: InflateRaw | DeflateRaw, payload: Uint8Array): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    const take = (chunk: Buffer): void => void chunks.push(chunk);
    stream.on("data", take);
    stream.once("error", reject);
    stream.write(payload);
    stream.flush(constants.Z_SYNC_FLUSH, () => {
      stream.off("data", take);
      stream.off("error", reject);
      resolve(Buffer.concat(chunks));
    });
  });
}

/** Messages that repeat what came 10 to 40,000 bytes before, so that every window's edge is met. */
function repetitiveMessages(seed: number): Uint8Array[] {
  const random = new SeededRandom(seed);
  const history: number[] = [];
  return Array.from({ length: 30 }, () => {
    const message: number[] = [];
    const length = random.integer(0, 3) === 0 ? random.integer(20_000, 40_000) : random.integer(0, 600);
    while (message.length < length) {
      const back = random.integer(10, 40_000);
      const from = history.length - back;
      for (let index = 0; index < random.integer(4, 200); index++) {
        const byte =
          (from >= 0 && random.integer(0, 9) > 0 ? history[from + index] : undefined) ?? random.integer(0, 255);
        message.push(byte);
        history.push(byte);
      }
    }
    return Uint8Array.from(message);
  });
}

const bytesOf = (inflation: Inflation): Uint8Array => {
  if (typeof inflation === "string") throw new Error(`the message is ${inflation}`);
  return inflation;
};

const text = (payload: string): TestFrame => ({ opcode: TEXT, payload });
/** A message as a peer compresses it. */
const deflated = (payload: string): TestFrame => ({
  opcode: TEXT,
  payload: deflateRawSync(payload, { finishFlush: constants.Z_SYNC_FLUSH }).subarray(0, -4),
  reserved: 4,
});

/** Inflating in other threads, each job of which ends when the test says so. */
function heldInflation(): { port: Deflate; jobs: Deferred<Inflation>[] } {
  const jobs: Deferred<Inflation>[] = [];
  const inflate = (): Promise<Inflation> => {
    const job = deferred<Inflation>();
    jobs.push(job);
    return job.promise;
  };
  return { jobs, port: { deflate: (payload) => payload, inflate } };
}

describe.each([9, 10, 11, 12, 13, 14, 15])("with windows of %i bits, between us and zlib's streams", (bits) => {
  it.each(["server", "client"] as const)("messages of a %s's own context come over, both ways", async (role) => {
    const ours = messageDeflate({ role, bits, isAlone: false });
    const peer = new ZlibPeer(bits);
    let saved = 0;
    for (const message of repetitiveMessages(bits)) {
      const deflated = await ours.deflate(message);
      saved += message.length - deflated.length;
      expect(Buffer.compare(await peer.inflate(deflated), message)).toBe(0);
      const inflation = await ours.inflate(await peer.deflate(message), MIB);
      expect(Buffer.compare(bytesOf(inflation), message)).toBe(0);
    }
    expect(saved).toBeGreaterThan(0);
  });

  it("messages without context come over, each by itself", async () => {
    const ours = messageDeflate({ role: "server", bits, isAlone: true });
    for (const message of repetitiveMessages(bits + 100).slice(0, 10)) {
      const deflated = await ours.deflate(message);
      expect(Buffer.compare(await new ZlibPeer(bits).inflate(deflated), message)).toBe(0);
      const inflation = await ours.inflate(await new ZlibPeer(bits).deflate(message), MIB);
      expect(Buffer.compare(bytesOf(inflation), message)).toBe(0);
    }
  });
});

describe("compressing messages", () => {
  it("takes each side's own parameters", async () => {
    const parameters = {
      serverMaxWindowBits: 9,
      clientMaxWindowBits: 15,
      serverNoContextTakeover: true,
      clientNoContextTakeover: false,
    };
    const common = { parameters, fromBytes: 0, deflate: new NodeDeflate({ level: 9 }), text: nodeTextCodec };
    const server = new MessageDeflate({ ...common, role: "server" });
    const client = new MessageDeflate({ ...common, role: "client" });
    const message = Uint8Array.from({ length: 1000 }, (_, index) => (index * 7919) % 251);
    const sizes: number[] = [];
    for (let round = 0; round < 2; round++) {
      const fromServer = await server.deflate(message);
      expect(bytesOf(await client.inflate(fromServer, MIB))).toEqual(message);
      const fromClient = await client.deflate(message);
      expect(bytesOf(await server.inflate(fromClient, MIB))).toEqual(message);
      sizes.push(fromServer.length, fromClient.length);
    }
    const [serverFirst = 0, clientFirst = 0, serverSecond = 0, clientSecond = 0] = sizes;
    expect(serverSecond).toBe(serverFirst);
    expect(clientSecond).toBeLessThan(clientFirst / 5);
  });

  it("is worthwhile from a size on, and never with a window of 8 bits, which zlib does not make", () => {
    const parameters = { serverNoContextTakeover: true, clientNoContextTakeover: true };
    const common = {
      fromBytes: 100,
      deflate: new NodeDeflate({ level: 1 }),
      text: nodeTextCodec,
      role: "server" as const,
    };
    const nine = { ...parameters, serverMaxWindowBits: 9, clientMaxWindowBits: 8 };
    const eight = { ...parameters, serverMaxWindowBits: 8, clientMaxWindowBits: 15 };
    expect(new MessageDeflate({ ...common, parameters: nine }).isWorthwhile(99)).toBe(false);
    expect(new MessageDeflate({ ...common, parameters: nine }).isWorthwhile(100)).toBe(true);
    expect(new MessageDeflate({ ...common, parameters: eight }).isWorthwhile(1e9)).toBe(false);
  });

  it("reads what a peer compresses in a window of 8 bits", async () => {
    const ours = messageDeflate({ role: "server", bits: 8, isAlone: false });
    const peer = messageDeflate({ role: "client", bits: 9, isAlone: true });
    for (const text of ["Hello, Hello, Hello", "x".repeat(5000), "Hello"]) {
      const inflation = await ours.inflate(await peer.deflate(text), MIB);
      expect(new TextDecoder().decode(bytesOf(inflation))).toBe(text);
    }
  });

  it("keeps its context past prepared messages, whose frame is shared and refers to none before", async () => {
    const writer = new FrameWriter({ isMasked: false, text: nodeTextCodec, random: new SeededRandom(1) });
    const ours = messageDeflate({ role: "server", bits: 12, isAlone: false });
    const alone = messageDeflate({ role: "server", bits: 12, isAlone: true });
    const peer = new ZlibPeer(12);
    const text = JSON.stringify(Array.from({ length: 20 }, (_, id) => ({ id, name: `member ${id}` })));
    const prepared = new PreparedMessage(text);
    await peer.inflate(await ours.deflate("something before"));
    const frame = Buffer.concat((await ours.deflatePrepared(prepared, writer)).map(runBytes));
    expect([...frame.subarray(0, 2)]).toEqual([0xc1, 126]);
    expect((await peer.inflate(frame.subarray(4))).toString()).toBe(text);
    expect(Buffer.concat((await alone.deflatePrepared(prepared, writer)).map(runBytes))).toEqual(frame);
    const again = await ours.deflate(text);
    expect(again.length).toBeLessThan(frame.length / 5);
    expect((await peer.inflate(again)).toString()).toBe(text);
  });
});

describe("inflating messages", () => {
  it("keeps nothing of a message that was refused", async () => {
    const ours = messageDeflate({ role: "server", bits: 15, isAlone: false });
    expect(ours.inflate(Buffer.from("garbage"), MIB)).toBe("invalid");
    expect(await ours.inflate(deflateRawSync(new Uint8Array(500)), 100)).toBe("too-large");
    const refersBack = Buffer.from([0xf2, 0x00, 0x11, 0x00, 0x00]);
    expect(ours.inflate(refersBack, MIB)).toBe("invalid");
  });

  it("gives every text back that was compressed, of any size, in any order", async () => {
    const texts = fc.array(fc.string({ unit: "binary", maxLength: 40_000, size: "max" }), {
      minLength: 1,
      maxLength: 4,
    });
    await fc.assert(
      fc.asyncProperty(texts, fc.integer({ min: 9, max: 15 }), fc.boolean(), async (messages, bits, isAlone) => {
        const server = messageDeflate({ role: "server", bits, isAlone });
        const client = messageDeflate({ role: "client", bits, isAlone });
        for (const message of messages) {
          const inflation = bytesOf(await client.inflate(await server.deflate(message), MIB));
          expect(nodeTextCodec.decode(inflation, 0, inflation.length)).toBe(Buffer.from(message).toString());
        }
      }),
      { numRuns: 12 },
    );
  });
});

describe("a compressed message of a socket", () => {
  it("comes in its order, with what follows it in the chunk", () => {
    const ground = new SocketGround({ deflate: plainDeflate });
    const seen: string[] = [];
    ground.socket.on("message", (message) => seen.push(String(message)));
    ground.receive(deflated("one"), text("two"), deflated(""), { opcode: PING, payload: "p" }, deflated("x".repeat(3)));
    ground.runTurns();
    expect([seen, ground.sent]).toEqual([["one", "two", "", "xxx"], ["pong p"]]);
  });

  it("makes the peer wait while it is inflated elsewhere, and what came meanwhile follows it", async () => {
    const { port, jobs } = heldInflation();
    const ground = new SocketGround({ deflate: plainDeflate, port });
    const seen: unknown[] = [];
    ground.socket.on("message", (message) => seen.push(message));
    ground.receive(deflated("one"), text("two"), deflated("three"));
    expect([seen, ground.transport.isPaused, jobs.length]).toEqual([[], true, 1]);
    ground.driver.bytesReceived(encodeFrame(text("four"), "client"));
    jobs[0]?.resolve(Buffer.from("one"));
    await ground.clock.settle();
    expect([seen, ground.transport.isPaused, jobs.length]).toEqual([["one", "two"], true, 2]);
    jobs[1]?.resolve(Buffer.from("three"));
    await ground.clock.settle();
    expect([seen, ground.transport.isPaused]).toEqual([["one", "two", "three", "four"], false]);
  });

  it.each([
    ["that does not inflate", "invalid", "close 1007 message/not-deflated"],
    ["that is too large", "too-large", "close 1009 message/too-large"],
    ["that is no UTF-8", new Uint8Array([0xff]), "close 1007 message/not-utf8"],
  ])("%s closes the connection, at once and elsewhere", async (_, inflation, close) => {
    for (const isElsewhere of [false, true]) {
      const result = inflation as Inflation;
      const port: Deflate = {
        deflate: (payload) => payload,
        inflate: () => (isElsewhere ? Promise.resolve(result) : result),
      };
      const ground = new SocketGround({ deflate: plainDeflate, port });
      ground.receive(deflated("one"), text("two"));
      await ground.clock.settle();
      expect([ground.sent, ground.driver.inbox.length, ground.transport.isEnded]).toEqual([[close], 0, true]);
    }
  });

  it.each(["at once", "elsewhere"])("whose inflating fails %s closes this connection with 1011", async (where) => {
    const port: Deflate = {
      deflate: (payload) => payload,
      inflate: () => {
        if (where === "elsewhere") return Promise.reject(new Error("no memory"));
        throw new Error("no memory");
      },
    };
    const ground = new SocketGround({ deflate: plainDeflate, port });
    ground.receive(deflated("one"));
    await ground.clock.settle();
    expect([ground.sent, ground.log]).toEqual([["close 1011 internal error"], ["error websocket/handler-failed"]]);
    await ground.clock.pass(5_000);
    expect([ground.socket.state, ground.clock.timerCount]).toEqual(["closed", 0]);
  });

  it("that cannot be compressed closes this connection with 1011", async () => {
    const port: Deflate = { deflate: () => Promise.reject(new Error("no memory")), inflate: () => "invalid" };
    const ground = new SocketGround({ deflate: plainDeflate, port });
    const send = ground.socket.send("long enough to be compressed");
    await ground.clock.settle();
    await expect(send).rejects.toMatchObject({ code: "websocket/not-sent" });
    expect(ground.sent).toEqual(["close 1011 internal error"]);
  });

  it("that is inflated when the connection is gone is dropped", async () => {
    const { port, jobs } = heldInflation();
    const ground = new SocketGround({ deflate: plainDeflate, port });
    ground.receive(deflated("one"));
    ground.socket.terminate();
    await ground.clock.settle();
    jobs[0]?.resolve(Buffer.from("one"));
    await ground.clock.settle();
    expect([ground.driver.inbox.length, ground.log]).toEqual([0, []]);
  });

  it("without that being negotiated breaks a rule", () => {
    const ground = new SocketGround();
    ground.receive(deflated("one"));
    ground.runTurns();
    expect(ground.sent).toEqual(["close 1002 frame/reserved-bits"]);
  });
});
