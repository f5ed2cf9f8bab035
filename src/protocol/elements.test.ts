import { describe, expect, it } from "vitest";
import { byteAt } from "./elements.js";

describe("an element", () => {
  it("is the byte at its index", () => {
    const bytes = Uint8Array.of(1, 0, 255);
    expect([0, 1, 2].map((at) => byteAt(bytes, at))).toEqual([1, 0, 255]);
  });

  it("is 0 where there is none", () => {
    expect([byteAt(Uint8Array.of(7), 1), byteAt(new Uint8Array(0), -1)]).toEqual([0, 0]);
  });
});
