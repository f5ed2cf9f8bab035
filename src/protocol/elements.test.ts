import { describe, expect, it } from "vitest";
import { byteAt, wordAt } from "./elements.js";

describe("an element", () => {
  it("is the byte or the signed word at its index", () => {
    const bytes = Uint8Array.of(1, 0, 255);
    expect([0, 1, 2].map((at) => byteAt(bytes, at))).toEqual([1, 0, 255]);
    const words = Int32Array.of(-1, 0, 0x7fff_ffff);
    expect([0, 1, 2].map((at) => wordAt(words, at))).toEqual([-1, 0, 0x7fff_ffff]);
  });

  it("is 0 where there is none", () => {
    expect([byteAt(Uint8Array.of(7), 1), byteAt(new Uint8Array(0), -1)]).toEqual([0, 0]);
    expect(wordAt(Int32Array.of(7), 1)).toBe(0);
  });
});
