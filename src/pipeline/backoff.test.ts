import { describe, expect, it } from "vitest";
import { SeededRandom } from "../testing/seeded-random.js";
import { backoffDefaults, backoffMs } from "./backoff.js";

const fixed = (fraction: number) => ({ fill: () => {}, fraction: () => fraction });
const largest = 1 - 2 ** -53;

describe("a backoff", () => {
  it("doubles the longest delay from half a second to a minute", () => {
    const delays = Array.from({ length: 10 }, (_, index) => backoffMs(backoffDefaults, index + 1, fixed(largest)));
    expect(delays).toEqual([500, 1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000, 60_000]);
  });

  it("is anywhere in the upper half of that, so that what failed together does not come back together", () => {
    expect([0, 0.25, 0.5].map((fraction) => backoffMs(backoffDefaults, 3, fixed(fraction)))).toEqual([
      1_000, 1_250, 1_500,
    ]);
    const random = new SeededRandom(7);
    const delays = Array.from({ length: 1_000 }, () => backoffMs(backoffDefaults, 20, random));
    expect(Math.min(...delays)).toBeGreaterThanOrEqual(30_000);
    expect(Math.max(...delays)).toBeLessThanOrEqual(60_000);
    expect(new Set(delays).size).toBeGreaterThan(900);
  });

  it("is a finite whole number after any number of attempts", () => {
    for (const factor of [1, 1.5, 10, Number.MAX_VALUE, Infinity]) {
      for (const attempt of [1, 2, 1_025, Number.MAX_SAFE_INTEGER]) {
        const delayMs = backoffMs({ firstMs: 3, factor, longestMs: 1_000 }, attempt, fixed(0.5));
        expect(Number.isSafeInteger(delayMs), `${factor}, ${attempt}: ${delayMs}`).toBe(true);
        expect(delayMs).toBeGreaterThan(0);
        expect(delayMs).toBeLessThanOrEqual(1_000);
      }
    }
    expect(backoffMs({ firstMs: 5_000, factor: 2, longestMs: 1_000 }, 1, fixed(largest))).toBe(1_000);
  });
});
