import { describe, expect, it } from "vitest";
import { SeededRandom } from "../testing/seeded-random.js";
import { VirtualClock } from "../testing/virtual-clock.js";
import { Departure } from "./departure.js";

interface Told {
  readonly leftAt: number;
  readonly backAt: number;
}

/** The most that happens within 100 ms. */
function peak(times: readonly number[]): number {
  const sorted = times.toSorted((one, other) => one - other);
  let first = 0;
  let most = 0;
  for (const [index, time] of sorted.entries()) {
    while ((sorted[first] ?? time) <= time - 100) first++;
    most = Math.max(most, index - first + 1);
  }
  return most;
}

describe("clients that are sent away", () => {
  const departed = async (count: number, drainMs: number, retryAfterMs = 1_000) => {
    const clock = new VirtualClock();
    const told: Told[] = [];
    const clients = Array.from({ length: count }, () => ({
      goodbye: (ms: number) => void told.push({ leftAt: clock.now(), backAt: clock.now() + ms }),
    }));
    const departure = new Departure(clients, { clock, random: new SeededRandom(1), drainMs, retryAfterMs });
    let isOver = false;
    const run = departure.run().then(() => (isOver = true));
    await clock.pass(drainMs);
    expect(isOver).toBe(true);
    await run;
    return { clock, departure, told };
  };

  it.each([
    { count: 5_000, drainMs: 10_000, leaving: 55, returning: 53 },
    { count: 300, drainMs: 30_000, leaving: 2, returning: 3 },
    { count: 5_000, drainMs: 1_000, leaving: 550, returning: 103 },
  ])("leave and come back at an even rate: $count in $drainMs ms", async ({ count, drainMs, leaving, returning }) => {
    const { told } = await departed(count, drainMs);
    expect(told).toHaveLength(count);
    expect(peak(told.map(({ leftAt }) => leftAt))).toBeLessThanOrEqual(leaving);
    expect(peak(told.map(({ backAt }) => backAt))).toBeLessThanOrEqual(returning);
    const back = told.map(({ backAt }) => backAt);
    expect(Math.min(...back)).toBeGreaterThanOrEqual(drainMs + 1_000);
    expect(Math.max(...back)).toBeLessThanOrEqual(drainMs + 1_000 + Math.max(drainMs, count));
  });

  it("leave at once where no time is given, and come back at an even rate all the same", async () => {
    const { told } = await departed(2_000, 0, 500);
    expect(new Set(told.map(({ leftAt }) => leftAt)).size).toBe(1);
    expect(peak(told.map(({ backAt }) => backAt))).toBeLessThanOrEqual(103);
  });

  it("are few enough to be none", async () => {
    const { clock, departure, told } = await departed(0, 100);
    expect([told, clock.now()]).toEqual([[], 100]);
    expect(departure.retryAfterMs).toBeGreaterThanOrEqual(1_000);
  });

  it("are told the rest of the time where they come meanwhile", () => {
    const clock = new VirtualClock();
    const departure = new Departure([], { clock, random: new SeededRandom(1), drainMs: 5_000, retryAfterMs: 1_000 });
    clock.advance(2_000);
    expect(departure.retryAfterMs).toBeGreaterThanOrEqual(4_000);
    expect(departure.retryAfterMs).toBeLessThanOrEqual(9_000);
  });
});
