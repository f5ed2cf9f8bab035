import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Deadlines } from "./deadlines.js";

const TIME_MS = 5_000;

describe("deadlines", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  function watched(): { late: number[]; deadlines: Deadlines<{ n: number }> } {
    const late: number[] = [];
    return { late, deadlines: new Deadlines(TIME_MS, ({ n }) => void late.push(n)) };
  }

  it("tells of each one whose time is over, and of no other", () => {
    const { deadlines, late } = watched();
    deadlines.start({ n: 1 });
    vi.advanceTimersByTime(1_000);
    deadlines.start({ n: 2 });
    vi.advanceTimersByTime(TIME_MS - 1_001);
    expect(late).toEqual([]);
    vi.advanceTimersByTime(1);
    expect(late).toEqual([1]);
    vi.advanceTimersByTime(1_000);
    expect(late).toEqual([1, 2]);
  });

  it("tells of none that was in time", () => {
    const { deadlines, late } = watched();
    const [one, two] = [{ n: 1 }, { n: 2 }];
    deadlines.start(one);
    deadlines.start(two);
    deadlines.stop(one);
    vi.advanceTimersByTime(TIME_MS);
    expect(late).toEqual([2]);
  });

  it("goes on when all were in time and another one comes", () => {
    const { deadlines, late } = watched();
    const one = { n: 1 };
    deadlines.start(one);
    deadlines.stop(one);
    vi.advanceTimersByTime(2 * TIME_MS);
    expect(vi.getTimerCount()).toBe(0);
    deadlines.start({ n: 2 });
    vi.advanceTimersByTime(TIME_MS);
    expect(late).toEqual([2]);
  });

  it("leaves the event loop to others between a few of many", () => {
    const { deadlines, late } = watched();
    for (let n = 0; n < 100; n++) deadlines.start({ n });
    vi.advanceTimersToNextTimer();
    expect(late.length).toBe(32);
    vi.advanceTimersToNextTimer();
    expect(late.length).toBe(64);
    vi.runAllTimers();
    expect(late).toEqual(Array.from({ length: 100 }, (_, n) => n));
  });
});
