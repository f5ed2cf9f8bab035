import { describe, expect, it } from "vitest";
import { NodeRandom } from "./random.js";

/** How many of the bytes are zero: of random ones, about one in 256. */
const zeros = (bytes: Uint8Array): number => bytes.filter((byte) => byte === 0).length;

describe("Node's randomness", () => {
  it("overwrites all of its target, and nothing around it, across the ends of its pool", () => {
    const random = new NodeRandom();
    for (const length of [0, 1, 4, 16, 1000, 4095, 4096, 4097, 100_000]) {
      const around = new Uint8Array(length + 2);
      random.fill(around.subarray(1, length + 1));
      expect([around[0], around[length + 1]]).toEqual([0, 0]);
      expect(zeros(around.subarray(1, length + 1))).toBeLessThan(10 + length / 100);
    }
  });

  it("never hands out the same bytes twice", () => {
    const random = new NodeRandom();
    const seen = new Set<string>();
    for (let draw = 0; draw < 2_000; draw++) {
      const bytes = new Uint8Array(12);
      random.fill(bytes);
      seen.add(bytes.join(" "));
    }
    expect(seen.size).toBe(2_000);
  });

  it("draws fractions from 0 to before 1, all over", () => {
    const random = new NodeRandom();
    const tenths = Array.from({ length: 10 }, () => 0);
    for (let draw = 0; draw < 5_000; draw++) {
      const fraction = random.fraction();
      expect(fraction >= 0 && fraction < 1).toBe(true);
      const tenth = Math.floor(fraction * 10);
      tenths[tenth] = (tenths[tenth] ?? 0) + 1;
    }
    // 500 are expected in each; 9 standard deviations are 191.
    expect(Math.min(...tenths)).toBeGreaterThan(300);
    expect(Math.max(...tenths)).toBeLessThan(700);
  });
});
