import fc from "fast-check";
import { expect, it } from "vitest";
import { crc32c } from "./crc32c.js";

const text = (characters: string): Uint8Array => new TextEncoder().encode(characters);

/** The definition, bit by bit. */
function slowCrc32c(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1;
  }
  return ~crc >>> 0;
}

/** The check value of the catalogue of CRCs, and the examples of RFC 3720, B.4. */
it.each([
  [text("123456789"), 0xe3069283],
  [text(""), 0],
  [new Uint8Array(32), 0x8a9136aa],
  [new Uint8Array(32).fill(0xff), 0x62a8ab43],
  [Uint8Array.from({ length: 32 }, (_, index) => index), 0x46dd794e],
  [Uint8Array.from({ length: 32 }, (_, index) => 31 - index), 0x113fdb5c],
])("the checksum of %s is %i", (bytes, checksum) => {
  expect(crc32c(bytes)).toBe(checksum);
});

it("is what the definition says, for bytes of any length and wherever they begin in their memory", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200, size: "max" }), fc.nat(9), (bytes, start) => {
      expect(crc32c(bytes.subarray(start))).toBe(slowCrc32c(bytes.subarray(start)));
    }),
  );
});

it("can be made piece by piece, wherever the pieces end", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200, size: "max" }), fc.nat(200), (bytes, end) => {
      expect(crc32c(bytes.subarray(end), crc32c(bytes.subarray(0, end)))).toBe(crc32c(bytes));
    }),
  );
});

it("changes with every bit", () => {
  const bytes = Uint8Array.from({ length: 79 }, (_, index) => index * 11);
  const whole = crc32c(bytes);
  for (let bit = 0; bit < bytes.length * 8; bit++) {
    const flipped = bytes.map((byte, index) => (index === bit >> 3 ? byte ^ (1 << (bit & 7)) : byte));
    expect(crc32c(flipped)).not.toBe(whole);
  }
});
