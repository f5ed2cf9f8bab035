import { expect, it } from "vitest";
import { browserRandom } from "./random.js";

it("fills arrays to their last byte", () => {
  const bytes = new Uint8Array(60_000);
  browserRandom.fill(bytes);
  for (let start = 0; start < bytes.length; start += 20_000) {
    expect(new Set(bytes.subarray(start, start + 20_000)).size).toBe(256);
  }
});

it("draws fractions from 0 to below 1", () => {
  const fractions = Array.from({ length: 1_000 }, () => browserRandom.fraction());
  expect(fractions.every((fraction) => fraction >= 0 && fraction < 1)).toBe(true);
  expect(new Set(fractions).size).toBeGreaterThan(990);
});
