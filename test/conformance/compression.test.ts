/**
 * Sections 12 and 13 of the Autobahn test suite: permessage-deflate with all of its parameters, on payloads of several
 * kinds and sizes, whole and in fragments. The other end is zlib's own stream, which keeps its context as a peer would.
 */
import { constants, createDeflateRaw, createInflateRaw, type DeflateRaw, type InflateRaw } from "node:zlib";
import { describe, expect, it } from "vitest";
import type { Role } from "../../src/protocol/connection.js";
import type { DeflateParameters } from "../../src/protocol/deflate-negotiation.js";
import { SeededRandom } from "../../src/testing/seeded-random.js";
import { fragments } from "./case.js";
import { EchoEndpoint } from "./endpoint.js";
import { BINARY, CONTINUATION, encodeFrames, TEXT, type TestFrame } from "./frames.js";

const FLUSH_TAIL = Buffer.from([0x00, 0x00, 0xff, 0xff]);
const MESSAGES = 4;

/** What the messages are made of, as in section 12: JSON, bytes without pattern, text in two alphabets, one letter. */
const kinds: Readonly<Record<string, (size: number, random: SeededRandom) => Buffer>> = {
  "12.1 JSON": (size) =>
    Buffer.from(JSON.stringify(Array.from({ length: size }, (_, id) => ({ id, name: "n" })))).subarray(0, size),
  "12.2 noise": (size, random) => {
    const bytes = Buffer.alloc(size);
    random.fill(bytes);
    return bytes;
  },
  "12.3 words": (size, random) => {
    const words = ["жизнь", "channel", "позиция", "cursor", " ", "log\n"];
    let text = "";
    while (text.length < size) text += words[random.integer(0, words.length - 1)];
    return Buffer.from(text.slice(0, size));
  },
  "12.4 one letter": (size) => Buffer.alloc(size, 0x2a),
};

/** Section 13: context takeover and window sizes, from the client's and from the server's side. */
const parameterSets: readonly (readonly [string, DeflateParameters])[] = [
  ["13.1", parameters(false, 15)],
  ["13.2", parameters(true, 15)],
  ["13.3", parameters(false, 9)],
  ["13.4", parameters(false, 15, 9)],
  ["13.5", parameters(true, 9)],
  ["13.6", parameters(true, 15, 9)],
  ["13.7", parameters(false, 12, 10)],
  ["13.8", parameters(false, 8)],
];

function parameters(isAlone: boolean, serverBits: number, clientBits = serverBits): DeflateParameters {
  return {
    serverNoContextTakeover: isAlone,
    clientNoContextTakeover: isAlone,
    serverMaxWindowBits: serverBits,
    clientMaxWindowBits: clientBits,
  };
}

/** What a peer compresses and inflates with: a stream, or a new one for each message. */
class Peer {
  readonly #isAlone: boolean;
  readonly #sendBits: number;
  readonly #receiveBits: number;
  #deflate: DeflateRaw | undefined;
  #inflate: InflateRaw | undefined;

  constructor(role: Role, set: DeflateParameters) {
    this.#isAlone = set.clientNoContextTakeover;
    this.#sendBits = role === "client" ? set.clientMaxWindowBits : set.serverMaxWindowBits;
    this.#receiveBits = role === "client" ? set.serverMaxWindowBits : set.clientMaxWindowBits;
  }

  async deflate(message: Buffer): Promise<Buffer> {
    // zlib makes a window of 9 where 8 is asked for: a message shorter than either is the same in both.
    if (this.#deflate === undefined || this.#isAlone) this.#deflate = createDeflateRaw({ windowBits: this.#sendBits });
    const deflated = await flushed(this.#deflate, [message], constants.Z_SYNC_FLUSH);
    if (!deflated.subarray(-4).equals(FLUSH_TAIL)) throw new Error("a flush ends with an empty stored block");
    return deflated.subarray(0, -4);
  }

  async inflate(message: Buffer): Promise<Buffer> {
    if (this.#inflate === undefined || this.#isAlone)
      this.#inflate = createInflateRaw({ windowBits: this.#receiveBits });
    return flushed(this.#inflate, [message, FLUSH_TAIL], constants.Z_SYNC_FLUSH);
  }
}

function flushed(stream: DeflateRaw | InflateRaw, input: readonly Buffer[], flush: number): Promise<Buffer> {
  const output: Buffer[] = [];
  const onData = (chunk: Buffer): void => void output.push(chunk);
  return new Promise((resolve, reject) => {
    stream.once("error", reject);
    stream.on("data", onData);
    for (const bytes of input) stream.write(bytes);
    stream.flush(flush, () => {
      stream.off("data", onData);
      stream.off("error", reject);
      resolve(Buffer.concat(output));
    });
  });
}

/** One compressed message, in fragments of a size: RSV1 is on the first alone (RFC 7692, 6.1). */
function compressedFrames(opcode: number, deflated: Buffer, fragmentSize: number): TestFrame[] {
  const pieces: Buffer[] = [];
  for (let at = 0; at < deflated.length; at += fragmentSize) pieces.push(deflated.subarray(at, at + fragmentSize));
  return fragments(opcode, ...pieces).map((frame, index) => (index === 0 ? { ...frame, reserved: 4 } : frame));
}

/** Send messages one after the other; returns what came back otherwise than it should. */
async function differences(
  role: Role,
  set: DeflateParameters,
  messages: readonly Buffer[],
  fragmentSize: number,
): Promise<string[]> {
  const found: string[] = [];
  const endpoint = new EchoEndpoint(role, set).echo();
  const peer = new Peer(role === "server" ? "client" : "server", set);
  for (const [index, message] of messages.entries()) {
    const isText = message.equals(Buffer.from(message.toString()));
    const frames = compressedFrames(isText ? TEXT : BINARY, await peer.deflate(message), fragmentSize);
    endpoint.feed(encodeFrames(frames, role === "server" ? "client" : "server"));
    const answer = (await endpoint.sentCount(index + 1)).at(-1);
    if (answer === undefined) throw new Error("the echo was waited for");
    const echoed = answer.isCompressed ? await peer.inflate(answer.payload) : answer.payload;
    const sendBits = role === "server" ? set.serverMaxWindowBits : set.clientMaxWindowBits;
    if (answer.opcode !== (isText ? TEXT : BINARY))
      found.push(`message ${index} came back with opcode ${answer.opcode}`);
    if (!echoed.equals(message)) found.push(`message ${index}, ${message.length} bytes, came back changed`);
    // RFC 7692, 6: messages may be sent as they are, which is what keeps a window of 8 bits.
    if (answer.isCompressed !== sendBits > 8) found.push(`message ${index} is compressed: ${answer.isCompressed}`);
  }
  return found;
}

for (const role of ["server", "client"] as const) {
  describe(`as a ${role}, with permessage-deflate, the engine echoes`, () => {
    for (const [section, set] of parameterSets) {
      for (const [kind, make] of Object.entries(kinds)) {
        it(`${section}, ${kind}, ${MESSAGES} messages of each size`, async () => {
          const random = new SeededRandom(13);
          const sizes =
            set.serverMaxWindowBits === 8
              ? [16, 64, 200]
              : [16, 64, 256, 1024, 4096, 8192, 16_384, 32_768, 65_536, 131_072];
          for (const size of sizes) {
            const messages = Array.from({ length: MESSAGES }, () => make(size, random));
            expect(await differences(role, set, messages, Number.POSITIVE_INFINITY)).toEqual([]);
            if (size >= 4096) expect(await differences(role, set, messages, 256)).toEqual([]);
          }
        });
      }
    }

    it("an empty message, compressed to one byte (RFC 7692, 7.2.3.6)", async () => {
      const endpoint = new EchoEndpoint(role, parameters(true, 15)).echo();
      endpoint.feed(
        encodeFrames([{ opcode: TEXT, payload: Buffer.of(0), reserved: 4 }], role === "server" ? "client" : "server"),
      );
      const [answer] = await endpoint.sentCount(1);
      expect(answer?.opcode).toBe(TEXT);
    });

    it("the examples of RFC 7692, 7.2.3", async () => {
      const examples = [
        "f248cdc9c90700", // 7.2.3.1, one block
        "000500faff48656c6c6f00", // 7.2.3.3, a block without compression
        "f348cdc9c9070000", // 7.2.3.4, a block with BFINAL set
        "f2480500000 0ffffcac9c90700".replace(" ", ""), // 7.2.3.5, two blocks
      ];
      for (const example of examples) {
        const endpoint = new EchoEndpoint(role, parameters(true, 8)).echo();
        const frame = { opcode: TEXT, payload: Buffer.from(example, "hex"), reserved: 4 };
        endpoint.feed(encodeFrames([frame], role === "server" ? "client" : "server"));
        const [answer] = await endpoint.sentCount(1);
        expect(answer?.payload.toString()).toBe("Hello");
      }
    });

    it("nothing of a message that does not inflate: it closes with 1007", async () => {
      const endpoint = new EchoEndpoint(role, parameters(true, 15)).echo();
      const frame = { opcode: BINARY, payload: Buffer.from([0xff, 0xff, 0xff]), reserved: 4 };
      endpoint.feed(encodeFrames([frame], role === "server" ? "client" : "server"));
      await endpoint.sentCount(1);
      expect(endpoint.errorCode).toBe("message/not-deflated");
    });

    it("nothing of a continuation that has RSV1 set: it closes with 1002", async () => {
      const endpoint = new EchoEndpoint(role, parameters(true, 15)).echo();
      const frames = [
        { opcode: TEXT, payload: "a", isFinal: false },
        { opcode: CONTINUATION, payload: "b", reserved: 4 },
      ];
      endpoint.feed(encodeFrames(frames, role === "server" ? "client" : "server"));
      await endpoint.sentCount(1);
      expect(endpoint.errorCode).toBe("frame/reserved-bits");
    });
  });
}
