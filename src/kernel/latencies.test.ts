import { describe, expect, it } from "vitest";
import { Latencies } from "./latencies.js";

describe("latencies", () => {
  it("are known to about a fifth, and the longest exactly", () => {
    const latencies = new Latencies();
    for (let ms = 1; ms <= 1000; ms++) latencies.record(ms);
    const { count, longestMs, meanMs, p50Ms, p99Ms } = latencies.snapshot;
    expect([count, longestMs, meanMs]).toEqual([1000, 1000, 500.5]);
    expect(p50Ms).toBeGreaterThanOrEqual(500);
    expect(p50Ms).toBeLessThan(600);
    expect(p99Ms).toBeGreaterThanOrEqual(990);
    expect(p99Ms).toBeLessThanOrEqual(1000);
  });

  it("are nothing where nothing was recorded", () => {
    expect(new Latencies().snapshot).toEqual({ count: 0, meanMs: 0, p50Ms: 0, p99Ms: 0, longestMs: 0 });
  });

  it("have room for the shortest and for what takes longer than a day", () => {
    const latencies = new Latencies();
    latencies.record(0);
    latencies.record(1e12);
    expect(latencies.snapshot).toMatchObject({ count: 2, longestMs: 1e12 });
    expect(latencies.snapshot.p50Ms).toBeLessThan(0.1);
  });
});
