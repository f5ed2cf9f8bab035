import { Buffer } from "node:buffer";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { portableTextCodec } from "../../kernel/text-codec.js";
import { bunTextCodec, bunTextCodecOn } from "./text-codec.js";

describe("Bun's text codec, on methods that Node has too", () => {
  it("does the same as the portable one, lone surrogates included, in a Buffer and in plain bytes", () => {
    const text = fc.string({ unit: fc.nat(0xffff).map((unit) => String.fromCharCode(unit)) });
    fc.assert(
      fc.property(text, fc.nat(9), (written, offset) => {
        const length = portableTextCodec.byteLength(written);
        expect(bunTextCodec.byteLength(written)).toBe(length);
        const expected = new Uint8Array(offset + length + 1);
        portableTextCodec.encodeInto(written, expected, offset);
        for (const target of [new Uint8Array(offset + length + 1), Buffer.alloc(offset + length + 1)]) {
          expect(bunTextCodec.encodeInto(written, target, offset)).toBe(length);
          expect(Buffer.compare(target, expected)).toBe(0);
          const decoded = portableTextCodec.decode(expected, offset, offset + length);
          expect(bunTextCodec.decode(target, offset, offset + length)).toBe(decoded);
          expect(bunTextCodec.isUtf8(target, offset, offset + length)).toBe(true);
        }
      }),
    );
  });

  it("writes whole characters only, as many as fit, as the portable one does", () => {
    for (const text of ["aé€🚌", "🚌€éa", "\uD800a", "€€"]) {
      for (let size = 0; size <= portableTextCodec.byteLength(text) + 1; size++) {
        const [expected, target] = [new Uint8Array(size), new Uint8Array(size)];
        const length = portableTextCodec.encodeInto(text, expected, 0);
        expect(bunTextCodec.encodeInto(text, target, 0)).toBe(length);
        expect(target.subarray(0, length)).toEqual(expected.subarray(0, length));
      }
    }
  });

  it("gives memory of the size that is asked for, and no two the same", () => {
    const [one, other] = [bunTextCodec.allocate(10_000), bunTextCodec.allocate(10_000)];
    expect([one.length, one.byteOffset, one.buffer.byteLength]).toEqual([10_000, 0, 10_000]);
    expect(other.buffer).not.toBe(one.buffer);
  });

  it("keeps a byte order mark, and tells malformed bytes", () => {
    const marked = Buffer.from("\uFEFFx");
    expect(bunTextCodec.decode(marked, 0, marked.length)).toBe("\uFEFFx");
    expect(bunTextCodec.isUtf8(Buffer.from([0xed, 0xa0, 0x80]), 0, 3)).toBe(false);
    expect(bunTextCodec.decode(Buffer.from([0x61, 0xff]), 0, 2)).toBe("a\uFFFD");
  });

  it("is the portable one where a method is missing", () => {
    expect(bunTextCodecOn(null)).toBe(portableTextCodec);
    expect(bunTextCodecOn({})).toBe(portableTextCodec);
    expect(bunTextCodecOn({ utf8Slice: () => "" })).toBe(portableTextCodec);
  });
});
