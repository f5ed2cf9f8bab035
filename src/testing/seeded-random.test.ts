import { describe, expect, it } from "vitest";
import { SeededRandom } from "./seeded-random.js";

describe("a seeded source of random numbers", () => {
  it("gives the same numbers for the same seed, and others for another", () => {
    const take = (seed: number): number[] => {
      const random = new SeededRandom(seed);
      return [random.uint32(), random.fraction(), random.integer(1, 1_000_000)];
    };
    expect(take(1)).toEqual(take(1));
    expect(take(1)).not.toEqual(take(2));
    expect(take(1)).not.toEqual(take(1 + 2 ** 40));
    expect(new SeededRandom(7).seed).toBe(7);
  });

  it("never changes its numbers between versions, so that a seed in a bug report stays good", () => {
    const random = new SeededRandom(42);
    expect([random.uint32(), random.uint32(), random.uint32()]).toMatchInlineSnapshot(`
      [
        2686069954,
        3236264550,
        1186848219,
      ]
    `);
  });

  it("spreads fractions evenly over [0, 1)", () => {
    const random = new SeededRandom(3);
    const tenths = Array.from({ length: 10 }, () => 0);
    for (let draw = 0; draw < 10_000; draw++) {
      const index = Math.floor(random.fraction() * 10);
      tenths[index] = (tenths[index] ?? Number.NaN) + 1;
    }
    expect(tenths).toHaveLength(10);
    for (const count of tenths) expect(Math.abs(count - 1_000)).toBeLessThan(150);
  });

  it("fills every byte, with all of their values", () => {
    const bytes = new Uint8Array(20_000);
    new SeededRandom(5).fill(bytes);
    expect(new Set(bytes).size).toBe(256);
  });

  it("draws whole numbers from a range with both of its ends", () => {
    const random = new SeededRandom(9);
    const seen = new Set(Array.from({ length: 200 }, () => random.integer(3, 6)));
    expect([...seen].sort()).toEqual([3, 4, 5, 6]);
  });
});
