import fc from "fast-check";
import { expect, it } from "vitest";
import { readLatin1, writeLatin1 } from "./latin1.js";

it("is one byte for each character, both ways", () => {
  const examples: [Uint8Array][] = [[Uint8Array.of(0x61, 0xff, 0x80, 0)], [new Uint8Array(20_000).fill(0xe9)]];
  fc.assert(
    fc.property(fc.oneof(fc.uint8Array(), fc.uint8Array({ max: 0x7f })), (bytes) => {
      const text = readLatin1(bytes);
      expect(text).toBe(Buffer.from(bytes).toString("latin1"));
      const written = new Uint8Array(bytes.length + 1);
      writeLatin1(text, written);
      expect(written).toEqual(Uint8Array.of(...bytes, 0));
    }),
    { examples },
  );
});
