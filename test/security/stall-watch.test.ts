import { describe, expect, it } from "vitest";
import { StallWatch } from "./stall-watch.js";

/** Use the processor for so long, whoever else wants it. */
function work(ms: number): void {
  const before = process.cpuUsage();
  let usedMs = 0;
  while (usedMs < ms) {
    const { system, user } = process.cpuUsage(before);
    usedMs = (system + user) / 1000;
  }
}

describe("a watch over an event loop", () => {
  it("tells for how long the loop stood still", async () => {
    const watch = new StallWatch();
    watch.start();
    await new Promise((resolve) => setImmediate(resolve));
    work(120);
    await new Promise((resolve) => setImmediate(resolve));
    const { stallMs, stallWallMs, tookMs } = watch.stop();
    expect(stallMs).toBeGreaterThan(50);
    expect(tookMs).toBeGreaterThan(50);
    expect(stallWallMs).toBeGreaterThanOrEqual(stallMs);
  });

  it("tells it where the thread slept, too", async () => {
    const watch = new StallWatch();
    watch.start();
    await new Promise((resolve) => setImmediate(resolve));
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 120);
    await new Promise((resolve) => setImmediate(resolve));
    expect(watch.stop().stallMs).toBeGreaterThan(50);
  });

  it("knows nothing any more of what was before it began", async () => {
    const watch = new StallWatch();
    watch.start();
    work(120);
    watch.stop();
    watch.start();
    await new Promise((resolve) => setImmediate(resolve));
    expect(watch.stop().stallMs).toBeLessThan(50);
  });
});
