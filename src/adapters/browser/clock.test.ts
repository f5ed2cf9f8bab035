import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { browserClock } from "./clock.js";

beforeEach(() => vi.useFakeTimers({ now: 5_000 }));
afterEach(() => vi.useRealTimers());

it("tells the time and runs what was scheduled", () => {
  const before = browserClock.now();
  let ran = 0;
  browserClock.schedule(100, () => ran++);
  browserClock.schedule(100, () => ran++).cancel();
  vi.advanceTimersByTime(99);
  expect(ran).toBe(0);
  vi.advanceTimersByTime(1);
  expect([ran, browserClock.now() - before, browserClock.wallTimeMs()]).toEqual([1, 100, 5_100]);
});

it("waits longer than a browser's timer can", () => {
  let ran = 0;
  browserClock.schedule(2 ** 31 + 50, () => ran++);
  const cancelled = browserClock.schedule(2 ** 31 + 50, () => ran++);
  vi.advanceTimersByTime(2 ** 31);
  cancelled.cancel();
  expect(ran).toBe(0);
  vi.advanceTimersByTime(50);
  expect(ran).toBe(1);
});
