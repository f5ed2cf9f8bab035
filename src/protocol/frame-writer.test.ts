import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { encodeFrame } from "../../test/conformance/frames.js";
import { portableTextCodec } from "../kernel/text-codec.js";
import { opcodes } from "./frame-header.js";
import { bytesOf, Frames } from "./frames.js";
import { FrameWriter, messageOpcode, type Frame } from "./frame-writer.js";
import { MessageReader, type ReadEvent } from "./message-reader.js";

type Sender = "client" | "server";

const KEY = [0x37, 0xfa, 0x21, 0x3d] as const;

function writerFor(sender: Sender, fill = (target: Uint8Array): void => target.set(KEY)): FrameWriter {
  const random = { fill, fraction: (): number => 0 };
  return new FrameWriter({ isMasked: sender === "client", text: portableTextCodec, random });
}

function piecesOf(frame: Frame, writer: FrameWriter): Uint8Array[] {
  const output = new Frames();
  writer.write(frame, output);
  return output.take().map(bytesOf);
}

function eventsOf(pieces: readonly Uint8Array[], sender: Sender): ReadEvent[] {
  const reader = new MessageReader({
    isMasked: sender === "client",
    isDeflateNegotiated: true,
    messageBytesMax: 1_000_000,
    fragmentsMax: 1024,
    text: portableTextCodec,
  });
  const events: ReadEvent[] = [];
  for (const piece of pieces) {
    const chunk = Uint8Array.from(piece);
    for (let at = 0; at < chunk.length;) at = reader.read(chunk, at, events);
  }
  return events;
}

const senders: readonly Sender[] = ["client", "server"];
const lengths = [0, 1, 125, 126, 127, 8192, 8193, 65_535, 65_536, 65_537];

describe.each(senders)("the frames of a %s", (sender) => {
  it.each(lengths)("with %i bytes are those that another encoder writes", (length) => {
    const payload = new Uint8Array(length).map((_, index) => index * 7);
    const pieces = piecesOf({ opcode: opcodes.binary, payload }, writerFor(sender));
    expect(Buffer.compare(Buffer.concat(pieces), encodeFrame({ opcode: opcodes.binary, payload }, sender))).toBe(0);
    const letters = "é".repeat(length);
    const text = piecesOf({ opcode: opcodes.text, payload: letters }, writerFor(sender));
    expect(Buffer.compare(Buffer.concat(text), encodeFrame({ opcode: opcodes.text, payload: letters }, sender))).toBe(
      0,
    );
  });

  it.each([
    [{ opcode: opcodes.text, payload: "a", isFinal: false }, 0x01],
    [{ opcode: opcodes.continuation, payload: "a", isFinal: true }, 0x80],
    [{ opcode: opcodes.binary, payload: "a", isCompressed: true }, 0xc2],
    [{ opcode: opcodes.binary, payload: "a", isCompressed: false }, 0x82],
    [{ opcode: opcodes.text, payload: "a", isCompressed: true, isFinal: false }, 0x41],
    [{ opcode: opcodes.close, payload: "" }, 0x88],
  ])("%j begin with the byte %i", (frame, first) => {
    expect(piecesOf(frame, writerFor(sender))[0]?.[0]).toBe(first);
  });

  it("are read as what was written", () => {
    const message = fc.oneof(fc.string({ unit: "grapheme", maxLength: 300 }), fc.uint8Array({ maxLength: 70_000 }));
    const key = fc.uint8Array({ minLength: 4, maxLength: 4 });
    fc.assert(
      fc.property(fc.array(message, { maxLength: 5 }), key, (messages, bytes) => {
        const writer = writerFor(sender, (target) => target.set(bytes));
        const output = new Frames();
        for (const data of messages) writer.write({ opcode: messageOpcode(data), payload: data }, output);
        expect(eventsOf(output.take().map(bytesOf), sender)).toEqual(
          messages.map((data) => ({ type: "message", data })),
        );
      }),
    );
  });
});

describe("writing frames", () => {
  it.each(["", "é", "aé", "éa", "€", "€a", "a€", "🚌", "a🚌", "🚌a", "🚌éé", "\uD800", "\uDE8Ca"])(
    "writes long text that is ASCII but for %j at its end or its beginning",
    (rest) => {
      for (const length of [2_720, 2_730, 8_180, 8_192, 65_520, 65_534, 70_000]) {
        for (const text of ["x".repeat(length) + rest, rest + "x".repeat(length)]) {
          const written = Buffer.concat(piecesOf({ opcode: opcodes.text, payload: text }, writerFor("server")));
          expect(Buffer.compare(written, encodeFrame({ opcode: opcodes.text, payload: text }, "server"))).toBe(0);
        }
      }
    },
  );

  it("sends a server's large payload as it is, behind a header of its own", () => {
    const payload = new Uint8Array(8193);
    const [header, body, ...more] = piecesOf({ opcode: opcodes.binary, payload }, writerFor("server"));
    expect(header).toEqual(Uint8Array.of(0x82, 126, 0x20, 0x01));
    expect(body).toBe(payload);
    expect(more).toEqual([]);
  });

  it("copies a small payload behind its header, and a run of frames lies in one piece of memory", () => {
    const writer = writerFor("server");
    const payload = Uint8Array.of(1, 2, 3);
    const [first, second] = [payload, payload].flatMap((bytes) =>
      piecesOf({ opcode: opcodes.binary, payload: bytes }, writer),
    );
    expect(first).toEqual(Uint8Array.of(0x82, 3, 1, 2, 3));
    expect(second?.buffer).toBe(first?.buffer);
    expect(second?.byteOffset).toBe((first?.byteOffset ?? 0) + 5);
  });

  it("never changes the caller's bytes, also where it masks", () => {
    const payload = new Uint8Array(20_000).fill(0x61);
    for (const sender of senders) piecesOf({ opcode: opcodes.binary, payload }, writerFor(sender));
    expect(payload.every((byte) => byte === 0x61)).toBe(true);
  });

  it("takes a fresh key for each frame, and none where nothing is masked", () => {
    let keyCount = 0;
    const fill = (target: Uint8Array): void => void target.fill(++keyCount);
    const client = writerFor("client", fill);
    const frame: Frame = { opcode: opcodes.ping, payload: "" };
    expect([piecesOf(frame, client), piecesOf(frame, client)].flat().map((bytes) => Array.from(bytes))).toEqual([
      [0x89, 0x80, 1, 1, 1, 1],
      [0x89, 0x80, 2, 2, 2, 2],
    ]);
    piecesOf(frame, writerFor("server", fill));
    expect(keyCount).toBe(2);
  });

  it("writes a lone surrogate as U+FFFD", () => {
    const [bytes] = piecesOf({ opcode: opcodes.text, payload: "\uD800" }, writerFor("server"));
    expect(bytes).toEqual(Uint8Array.of(0x81, 3, 0xef, 0xbf, 0xbd));
  });

  it("tells text from bytes by the message's type", () => {
    expect([messageOpcode("a"), messageOpcode(new Uint8Array(1))]).toEqual([opcodes.text, opcodes.binary]);
  });
});
