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

  it("keeps a byte order mark", () => {
    expect(codec.decode(new Uint8Array([0xef, 0xbb, 0xbf, 0x61]), 0, 4)).toBe("\uFEFFa");
  });

  it("tells malformed UTF-8", () => {
    expect(codec.isUtf8(new Uint8Array([0xed, 0xa0, 0x80]), 0, 3)).toBe(false);
  });
});
