import { describe, expect, it } from "vitest";
import { TokenBucket } from "./token-bucket.js";

describe("a token bucket", () => {
  it("lets a burst pass, then so many a second", () => {
    const bucket = new TokenBucket(10, 3, 1000);
    expect([1, 2, 3].map(() => bucket.take(1, 1000))).toEqual([0, 0, 0]);
    expect(bucket.take(1, 1000)).toBe(100);
    expect(bucket.take(1, 1050)).toBe(50);
    expect(bucket.take(1, 1100)).toBe(0);
    expect(bucket.take(1, 1100)).toBe(100);
  });

  it("holds no more than a burst, however long nothing is taken", () => {
    const bucket = new TokenBucket(10, 3, 0);
    expect(bucket.take(3, 1e9)).toBe(0);
    expect(bucket.take(1, 1e9)).toBe(100);
  });

  it("gives all it has for more than it can hold", () => {
    const bucket = new TokenBucket(1000, 10, 0);
    expect(bucket.take(50, 0)).toBe(0);
    expect(bucket.take(50, 5)).toBe(5);
    expect(bucket.take(50, 10)).toBe(0);
  });

  it("takes nothing when it refuses", () => {
    const bucket = new TokenBucket(1, 5, 0);
    bucket.take(3, 0);
    expect(bucket.take(3, 0)).toBe(1000);
    expect(bucket.take(2, 0)).toBe(0);
  });
});
