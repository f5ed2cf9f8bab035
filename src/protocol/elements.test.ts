import { describe, expect, it } from "vitest";
import { byteAt, wordAt } from "./elements.js";

describe("an element", () => {
  it("is the byte at its index", () => {
    const bytes = Uint8Array.of(1, 0, 255);
    expect([0, 1, 2].map((at) => byteAt(bytes, at))).toEqual([1, 0, 255]);
  });

  it("is the word at its index", () => {
    expect([0, 1].map((at) => wordAt(Int32Array.of(7, -1), at))).toEqual([7, -1]);
  });

  it("is 0 where there is none", () => {
    expect(wordAt(Int32Array.of(7), 1)).toBe(0);
    expect([byteAt(Uint8Array.of(7), 1), byteAt(new Uint8Array(0), -1)]).toEqual([0, 0]);
  });
});
