import { describe, expect, it } from "vitest";
import { ByteSlab, SLAB_PIECE_BYTES_MAX } from "./byte-slab.js";

const SLAB_BYTES = 65_536;

/** Take a piece of this size. */
function take(slab: ByteSlab, size: number): { memory: Uint8Array; from: number } {
  const from = slab.room(size);
  slab.take(from + size);
  return { memory: slab.memory, from };
}

describe("a byte slab", () => {
  it("has pieces lie next to each other, and those bytes free again that were not taken", () => {
    const slab = new ByteSlab();
    expect(take(slab, 10).from).toBe(0);
    expect(slab.room(SLAB_PIECE_BYTES_MAX)).toBe(10);
    slab.take(13);
    expect(slab.room(1)).toBe(13);
  });

  it("fills a slab to its last byte, and then begins another", () => {
    const slab = new ByteSlab();
    const pieces = Array.from({ length: SLAB_BYTES / SLAB_PIECE_BYTES_MAX }, () => take(slab, SLAB_PIECE_BYTES_MAX));
    expect(new Set(pieces.map(({ memory }) => memory)).size).toBe(1);
    const next = take(slab, 1);
    expect(next.memory).not.toBe(pieces[0]?.memory);
    expect(next.from).toBe(0);
  });

  it("never hands out the same byte twice", () => {
    const slab = new ByteSlab();
    const taken = new Map<Uint8Array, number>();
    for (let index = 0; index < 500; index++) {
      const size = (index * 977) % (SLAB_PIECE_BYTES_MAX + 1);
      const { from, memory } = take(slab, size);
      expect(from).toBeGreaterThanOrEqual(taken.get(memory) ?? 0);
      expect(from + size).toBeLessThanOrEqual(SLAB_BYTES);
      taken.set(memory, from + size);
    }
    expect(taken.size).toBeGreaterThan(1);
  });
});
