import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ProtocolError, type FrameErrorCode } from "./errors.js";
import { FrameHeaderReader, HEADER_BYTES_MAX, opcodes } from "./frame-header.js";

const MASK_KEY = 0x3d21fa37;
const MASK_KEY_BYTES = [0x37, 0xfa, 0x21, 0x3d] as const;

const bytesOf = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex.replaceAll(" ", ""), "hex"));

/** What the server's side reads when a header's length bytes are these; all masked with the same key. */
function clientHeader(first: number, lengthBytes: readonly number[]): Uint8Array {
  const [short = 0, ...extended] = lengthBytes;
  return Uint8Array.of(first, 0x80 | short, ...extended, ...MASK_KEY_BYTES);
}

interface Reading {
  readonly isMasked?: boolean;
  readonly isDeflateNegotiated?: boolean;
  readonly isMessageOpen?: boolean;
}

function readerFor({ isMasked = false, isDeflateNegotiated = false, isMessageOpen = false }: Reading = {}) {
  const reader = new FrameHeaderReader({ isMasked, isDeflateNegotiated });
  reader.isMessageOpen = isMessageOpen;
  return reader;
}

function fieldsOf({ isFinal, isCompressed, opcode, payloadLength, maskKey }: FrameHeaderReader) {
  return { isFinal, isCompressed, opcode, payloadLength, maskKey };
}

/** Feed each byte in a chunk of its own; returns how many were taken when the header was whole. */
function readByteByByte(reader: FrameHeaderReader, bytes: Uint8Array): number {
  for (let at = 0; at < bytes.length; at++) {
    if (reader.read(bytes.subarray(at, at + 1), 0) === 1) return at + 1;
  }
  return -1;
}

/** The code of the error, and how many bytes had come when it was told. */
function refusalOf(bytes: Uint8Array, reading: Reading): { code: string; at: number } | undefined {
  const reader = readerFor(reading);
  for (let at = 0; at < bytes.length; at++) {
    try {
      if (reader.read(bytes.subarray(at, at + 1), 0) === 1) return undefined;
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      return { code: error.code, at: at + 1 };
    }
  }
  return undefined;
}

describe("a frame header", () => {
  // RFC 6455, 5.2: 7 bits, 7 + 16 bits, 7 + 64 bits, each in its shortest form.
  it.each([
    ["0", [0], 0],
    ["125", [125], 125],
    ["126", [126, 0, 126], 126],
    ["65,535", [126, 0xff, 0xff], 65_535],
    ["65,536", [127, 0, 0, 0, 0, 0, 1, 0, 0], 65_536],
    ["2^31 - 1", [127, 0, 0, 0, 0, 0x7f, 0xff, 0xff, 0xff], 2 ** 31 - 1],
    ["2^31", [127, 0, 0, 0, 0, 0x80, 0, 0, 0], 2 ** 31],
    ["2^31 + 1", [127, 0, 0, 0, 0, 0x80, 0, 0, 1], 2 ** 31 + 1],
    ["2^32 - 1", [127, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff], 2 ** 32 - 1],
    ["2^32", [127, 0, 0, 0, 1, 0, 0, 0, 0], 2 ** 32],
    ["2^53 - 1", [127, 0, 0x1f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff], Number.MAX_SAFE_INTEGER],
    ["2^53", [127, 0, 0x20, 0, 0, 0, 0, 0, 0], Number.POSITIVE_INFINITY],
    ["2^63 - 1", [127, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff], Number.POSITIVE_INFINITY],
  ])("gives the length %s exactly, whole, byte by byte and with bytes around it", (_name, lengthBytes, length) => {
    const bytes = clientHeader(0x82, lengthBytes);
    const expected = {
      isFinal: true,
      isCompressed: false,
      opcode: opcodes.binary,
      payloadLength: length,
      maskKey: MASK_KEY,
    };
    const whole = readerFor({ isMasked: true });
    expect(whole.read(bytes, 0)).toBe(bytes.length);
    expect(fieldsOf(whole)).toEqual(expected);

    const dripped = readerFor({ isMasked: true });
    expect(readByteByByte(dripped, bytes)).toBe(bytes.length);
    expect(fieldsOf(dripped)).toEqual(expected);

    const surrounded = readerFor({ isMasked: true });
    expect(surrounded.read(Uint8Array.of(9, 9, 9, ...bytes, 9, 9), 3)).toBe(3 + bytes.length);
    expect(fieldsOf(surrounded)).toEqual(expected);
  });

  it("of a server has no key, and a client reads the same of it", () => {
    const reader = readerFor();
    expect(reader.read(bytesOf("01 7e 0100"), 0)).toBe(4);
    expect(fieldsOf(reader)).toEqual({
      isFinal: false,
      isCompressed: false,
      opcode: opcodes.text,
      payloadLength: 256,
      maskKey: 0,
    });
  });

  it("can end anywhere in a chunk, and the next one begins behind it", () => {
    const first = clientHeader(0x82, [127, 0, 0, 0, 0, 0, 1, 0, 0]);
    const second = clientHeader(0x89, [3]);
    const bytes = Uint8Array.of(...first, ...second);
    expect(first.length).toBe(HEADER_BYTES_MAX);
    for (let cut = 0; cut <= bytes.length; cut++) {
      const reader = readerFor({ isMasked: true });
      const lengths: number[] = [];
      for (const chunk of [bytes.subarray(0, cut), bytes.subarray(cut)]) {
        for (let at = reader.read(chunk, 0); at >= 0; at = reader.read(chunk, at)) lengths.push(reader.payloadLength);
      }
      expect(lengths).toEqual([65_536, 3]);
    }
  });

  it("marks a compressed message by RSV1 where that was negotiated", () => {
    for (const first of [0xc1, 0x42]) {
      const reader = readerFor({ isDeflateNegotiated: true });
      reader.read(Uint8Array.of(first, 0), 0);
      expect(reader.isCompressed).toBe(true);
    }
  });
});

const deflate = { isDeflateNegotiated: true };
const open = { isMessageOpen: true };
const masked = { isMasked: true };
const refusals: readonly [hex: string, reading: Reading, code: FrameErrorCode, atByte: number][] = [
  ["c1 00", {}, "frame/reserved-bits", 1],
  ["a1 00", deflate, "frame/reserved-bits", 1],
  ["91 00", deflate, "frame/reserved-bits", 1],
  // RFC 7692, 6: not on a continuation, not on a control frame.
  ["c0 00", { ...deflate, ...open }, "frame/reserved-bits", 1],
  ["c9 00", deflate, "frame/reserved-bits", 1],
  ...[3, 4, 5, 6, 7, 0xb, 0xc, 0xd, 0xe, 0xf].map((opcode): [string, Reading, FrameErrorCode, number] => [
    `8${opcode.toString(16)} 00`,
    {},
    "frame/reserved-opcode",
    1,
  ]),
  ["08 00", {}, "frame/control-fragmented", 1],
  ["09 00", open, "frame/control-fragmented", 1],
  ["0a 00", {}, "frame/control-fragmented", 1],
  ["80 00", {}, "message/nothing-to-continue", 1],
  ["00 00", {}, "message/nothing-to-continue", 1],
  ["81 00", open, "message/not-finished", 1],
  ["02 00", open, "message/not-finished", 1],
  ["81 80 01020304", {}, "frame/masked", 2],
  ["81 00", masked, "frame/not-masked", 2],
  ["88 7e 007e", {}, "frame/control-too-long", 2],
  ["89 fe 007e", masked, "frame/control-too-long", 2],
  ["8a 7f 0000000000010000", {}, "frame/control-too-long", 2],
  ["82 7e 0000", {}, "frame/length-not-minimal", 4],
  ["82 7e 007d", {}, "frame/length-not-minimal", 4],
  ["82 7f 0000000000000000", {}, "frame/length-not-minimal", 10],
  ["82 7f 000000000000ffff", {}, "frame/length-not-minimal", 10],
  ["82 7f 8000000000000000", {}, "frame/length-top-bit", 10],
  ["82 7f ffffffffffffffff", {}, "frame/length-top-bit", 10],
  // The key is not waited for.
  ["82 fe 007d 01020304", masked, "frame/length-not-minimal", 4],
];

describe("a broken header", () => {
  it.each(refusals)("%s is refused, read as %j: %s, at byte %i", (hex, reading, code, atByte) => {
    expect(refusalOf(bytesOf(hex), reading)).toEqual({ code, at: atByte });
    expect(() => readerFor(reading).read(bytesOf(hex), 0)).toThrow(expect.objectContaining({ code }));
  });

  it("can lie between a message's frames only as what may lie there", () => {
    for (const hex of ["00 00", "80 00", "88 00", "89 00", "8a 00"]) {
      expect(refusalOf(bytesOf(hex), open)).toBeUndefined();
    }
    for (const hex of ["01 00", "82 00", "88 00", "89 00", "8a 00"]) {
      expect(refusalOf(bytesOf(hex), {})).toBeUndefined();
    }
  });

  it("is told alike whole and byte by byte, whatever the bytes", () => {
    const readings = fc.record({
      isMasked: fc.boolean(),
      isDeflateNegotiated: fc.boolean(),
      isMessageOpen: fc.boolean(),
    });
    const bytes = fc.uint8Array({ minLength: 1, maxLength: HEADER_BYTES_MAX });
    const outcomeOf = (read: (reader: FrameHeaderReader) => number, reading: Reading): unknown => {
      const reader = readerFor(reading);
      try {
        const size = read(reader);
        return size < 0 ? "not whole" : { size, ...fieldsOf(reader) };
      } catch (error) {
        return error instanceof ProtocolError ? error.code : error;
      }
    };
    fc.assert(
      fc.property(bytes, readings, (header, reading) => {
        const dripped = outcomeOf((reader) => readByteByByte(reader, header), reading);
        expect(dripped).toEqual(outcomeOf((reader) => reader.read(header, 0), reading));
      }),
      { numRuns: 2000 },
    );
  });
});
