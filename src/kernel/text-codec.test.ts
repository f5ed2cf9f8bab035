import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { portableTextCodec as codec } from "./text-codec.js";

describe("the portable text codec", () => {
  it("decodes what it encoded, at any offset", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), fc.nat(9), (text, offset) => {
        const bytes = new Uint8Array(offset + codec.byteLength(text));
        const written = codec.encodeInto(text, bytes, offset);
        expect(written).toBe(codec.byteLength(text));
        expect(codec.isUtf8(bytes, offset, bytes.length)).toBe(true);
        expect(codec.decode(bytes, offset, bytes.length)).toBe(Buffer.from(text, "utf8").toString("utf8"));
      }),
    );
  });

  it.each([
    ["one byte", "\u007F", 1],
    ["two bytes", "\u0080\u07FF", 4],
    ["three bytes", "\u0800\uFFFD", 6],
    ["a surrogate pair", "\u{1F600}", 4],
    ["a lone high surrogate at the end", "a\uD83D", 4],
    ["a lone high surrogate before another letter", "\uD83Da", 4],
    ["two high surrogates, the second of a pair", "\uD83D\uD83D\uDE00", 7],
    ["a lone low surrogate", "\uDE00", 3],
  ])("counts and writes %s", (_, text, length) => {
    expect(codec.byteLength(text)).toBe(length);
    expect(codec.encodeInto(text, new Uint8Array(length), 0)).toBe(length);
  });

  it("gives memory of the size that is asked for, and no two the same", () => {
    const [one, other] = [codec.allocate(10_000), codec.allocate(10_000)];
    expect([one.length, one.byteOffset, one.buffer.byteLength]).toEqual([10_000, 0, 10_000]);
    expect(other.buffer).not.toBe(one.buffer);
  });

  it("keeps a byte order mark", () => {
    expect(codec.decode(new Uint8Array([0xef, 0xbb, 0xbf, 0x61]), 0, 4)).toBe("\uFEFFa");
  });

  it("tells malformed UTF-8", () => {
    expect(codec.isUtf8(new Uint8Array([0xed, 0xa0, 0x80]), 0, 3)).toBe(false);
  });
});
