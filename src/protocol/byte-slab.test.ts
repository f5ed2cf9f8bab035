import { describe, expect, it } from "vitest";
import { ByteSlab } from "./byte-slab.js";

const SLAB_BYTES = 65_536;
const PIECE_BYTES_MAX = 8192;

describe("a byte slab", () => {
  it("hands out pieces that lie next to each other", () => {
    const slab = new ByteSlab();
    const [first, second] = [slab.take(10), slab.take(PIECE_BYTES_MAX)];
    expect([first.length, second.length]).toEqual([10, PIECE_BYTES_MAX]);
    expect(second.buffer).toBe(first.buffer);
    expect(second.byteOffset).toBe(first.byteOffset + 10);
  });

  it("gives a larger piece memory of its own, and goes on where it was", () => {
    const slab = new ByteSlab();
    const before = slab.take(1);
    const large = slab.take(PIECE_BYTES_MAX + 1);
    expect(large.buffer.byteLength).toBe(PIECE_BYTES_MAX + 1);
    expect(slab.take(1).byteOffset).toBe(before.byteOffset + 1);
  });

  it("fills a slab to its last byte, and then begins another", () => {
    const slab = new ByteSlab();
    const pieces = Array.from({ length: SLAB_BYTES / PIECE_BYTES_MAX }, () => slab.take(PIECE_BYTES_MAX));
    expect(new Set(pieces.map(({ buffer }) => buffer)).size).toBe(1);
    const next = slab.take(1);
    expect(next.buffer).not.toBe(pieces[0]?.buffer);
    expect(next.byteOffset).toBe(0);
  });

  it("never hands out the same byte twice", () => {
    const slab = new ByteSlab();
    const taken = new Map<ArrayBufferLike, number>();
    for (let index = 0; index < 500; index++) {
      const { buffer, byteOffset, length } = slab.take((index * 977) % (PIECE_BYTES_MAX + 1));
      expect(byteOffset).toBeGreaterThanOrEqual(taken.get(buffer) ?? 0);
      taken.set(buffer, byteOffset + length);
    }
    expect(taken.size).toBeGreaterThan(1);
  });
});
