import { describe, expect, it } from "vitest";
import { byteAt, NO_BYTES, uint32At, wordAt } from "./elements.js";

describe("an element", () => {
  it("is the byte at its index", () => {
    const bytes = Uint8Array.of(1, 0, 255);
    expect([0, 1, 2].map((at) => byteAt(bytes, at))).toEqual([1, 0, 255]);
  });

  it("is the word at its index", () => {
    expect([0, 1].map((at) => wordAt(Int32Array.of(7, -1), at))).toEqual([7, -1]);
  });

  it("is the number that four bytes make, without a sign", () => {
    const bytes = Uint8Array.of(9, 0x80, 0x01, 0x02, 0x03);
    expect([uint32At(bytes, 1), uint32At(bytes, 0)]).toEqual([0x80010203, 0x09800102]);
  });

  it("is 0 where there is none", () => {
    expect(wordAt(Int32Array.of(7), 1)).toBe(0);
    expect([byteAt(Uint8Array.of(7), 1), byteAt(NO_BYTES, -1)]).toEqual([0, 0]);
  });
});
