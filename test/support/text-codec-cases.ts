/** What every codec does as the portable one does. */
import { Buffer } from "node:buffer";
import fc from "fast-check";
import { expect, it } from "vitest";
import { portableTextCodec, type TextCodec } from "../../src/kernel/text-codec.js";

export function itIsATextCodec(codec: TextCodec): void {
  it("does the same as the portable one, lone surrogates included, in a Buffer and in plain bytes", () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.nat(0xffff).map((unit) => String.fromCharCode(unit)) }),
        fc.nat(9),
        (text, offset) => {
          const length = portableTextCodec.byteLength(text);
          expect(codec.byteLength(text)).toBe(length);
          const expected = new Uint8Array(offset + length + 1);
          portableTextCodec.encodeInto(text, expected, offset);
          for (const target of [new Uint8Array(offset + length + 1), Buffer.alloc(offset + length + 1)]) {
            expect(codec.encodeInto(text, target, offset)).toBe(length);
            expect(Buffer.compare(target, expected)).toBe(0);
            const decoded = portableTextCodec.decode(expected, offset, offset + length);
            expect(codec.decode(target, offset, offset + length)).toBe(decoded);
            expect(codec.isUtf8(target, offset, offset + length)).toBe(true);
          }
        },
      ),
    );
  });

  it("writes whole characters only, as many as fit, as the portable one does", () => {
    for (const text of ["aé€🚌", "🚌€éa", "\uD800a", "€€"]) {
      for (let size = 0; size <= portableTextCodec.byteLength(text) + 1; size++) {
        const [expected, target] = [new Uint8Array(size), new Uint8Array(size)];
        const length = portableTextCodec.encodeInto(text, expected, 0);
        expect(codec.encodeInto(text, target, 0)).toBe(length);
        expect(target.subarray(0, length)).toEqual(expected.subarray(0, length));
      }
    }
  });
}
