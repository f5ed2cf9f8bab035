import { expect, it } from "vitest";
import { crc32c } from "./crc32c.js";

const text = (characters: string): Uint8Array => new TextEncoder().encode(characters);

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

it("can be made piece by piece", () => {
  expect(crc32c(text("6789"), crc32c(text("12345")))).toBe(0xe3069283);
});
