import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { VirtualClock } from "../testing/virtual-clock.js";
import { TimingWheel } from "./timing-wheel.js";

/** A wheel with ticks of 100 ms, and the list that tasks note their names and times in. */
function groundAt(startMs = 0): {
  clock: VirtualClock;
  wheel: TimingWheel;
  seen: string[];
  note: (name: string) => () => void;
} {
  const clock = new VirtualClock();
  clock.advance(startMs);
  const seen: string[] = [];
  const note = (name: string) => () => void seen.push(`${name}@${clock.now()}`);
  return { clock, wheel: new TimingWheel(clock), seen, note };
}

describe("a timing wheel", () => {
  it("tells the time of the clock below", () => {
    const { clock, wheel } = groundAt(1234);
    expect([wheel.now(), wheel.wallTimeMs()]).toEqual([1234, clock.wallTimeMs()]);
  });

  it("runs a task never earlier than asked and at most one tick later, wherever in a tick it was asked", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 100_000 }),
        fc.array(fc.integer({ min: -10, max: 200_000 }), { minLength: 1 }),
        (startMs, delays) => {
          const { clock, wheel } = groundAt(startMs);
          const lateness: number[] = [];
          for (const delayMs of delays) {
            const dueMs = clock.now() + Math.max(0, delayMs);
            wheel.schedule(delayMs, () => lateness.push(clock.now() - dueMs));
            clock.advance(7);
          }
          clock.advance(200_200);
          expect(lateness).toHaveLength(delays.length);
          expect(Math.min(...lateness)).toBeGreaterThanOrEqual(0);
          expect(Math.max(...lateness)).toBeLessThanOrEqual(100);
          expect(clock.timerCount).toBe(0);
        },
      ),
    );
  });

  it("holds one timer of the clock below for 10,000 tasks, and none when they have run or were cancelled", () => {
    const { clock, wheel } = groundAt();
    let ran = 0;
    const timers = Array.from({ length: 10_000 }, (_, index) => wheel.schedule(index, () => ran++));
    expect([clock.timerCount, wheel.size]).toEqual([1, 10_000]);
    for (const timer of timers.slice(5_000)) timer.cancel();
    expect([clock.timerCount, wheel.size]).toEqual([1, 5_000]);
    clock.advance(5_000);
    expect([clock.timerCount, wheel.size, ran]).toEqual([0, 0, 5_000]);
    wheel.schedule(1, () => {}).cancel();
    expect([clock.timerCount, wheel.size]).toEqual([0, 0]);
  });

  it("keeps tasks of later rounds in their slots", () => {
    const { clock, wheel, seen, note } = groundAt();
    wheel.schedule(100, note("this round"));
    wheel.schedule(100 + 51_200, note("next round"));
    wheel.schedule(100 + 2 * 51_200, note("the one after"));
    clock.advance(200_000);
    expect(seen).toEqual(["this round@100", "next round@51300", "the one after@102500"]);
  });

  it("catches up after a pause longer than a round, such as a machine that slept", () => {
    let nowMs = 0;
    let wake = (): void => {};
    const sleepy = {
      now: () => nowMs,
      wallTimeMs: () => nowMs,
      schedule: (_delayMs: number, task: () => void) => {
        wake = task;
        return { cancel: () => {} };
      },
    };
    const wheel = new TimingWheel(sleepy);
    const seen: string[] = [];
    for (const delayMs of [100, 30_000, 60_000, 51_200 * 3, 400_000])
      wheel.schedule(delayMs, () => seen.push(`${delayMs}`));
    nowMs = 300_000;
    wake();
    expect(seen.toSorted()).toEqual(["100", "153600", "30000", "60000"]);
    expect(wheel.size).toBe(1);
  });

  it("waits for the tick when the clock below rings a little early", () => {
    const { clock, seen, note } = groundAt();
    const wheel = new TimingWheel({
      now: () => clock.now(),
      wallTimeMs: () => clock.wallTimeMs(),
      schedule: (delayMs, task) => clock.schedule(delayMs > 1 ? delayMs - 1 : delayMs, task),
    });
    wheel.schedule(100, note("task"));
    clock.advance(99);
    expect(seen).toEqual([]);
    clock.advance(1);
    expect(seen).toEqual(["task@100"]);
  });

  it("runs what a task schedules in a later tick, with one turn for each tick", () => {
    const { clock, wheel, seen, note } = groundAt();
    wheel.schedule(100, () => {
      note("outer")();
      wheel.schedule(0, note("inner"));
    });
    clock.advance(100);
    expect(clock.nextTimerMs).toBe(200);
    clock.advance(100);
    expect(seen).toEqual(["outer@100", "inner@200"]);
  });

  it("does not run a task that another one of the same tick cancelled", () => {
    const { clock, wheel, seen, note } = groundAt();
    wheel.schedule(50, () => second.cancel());
    const second = wheel.schedule(50, note("second"));
    clock.advance(1_000);
    expect(seen).toEqual([]);
    second.cancel();
    expect([clock.timerCount, wheel.size]).toEqual([0, 0]);
  });

  it("goes on with the others, at once, when a task throws", () => {
    const { clock, wheel, seen, note } = groundAt();
    wheel.schedule(100, note("before"));
    wheel.schedule(100, () => {
      throw new Error("a task's own fault");
    });
    wheel.schedule(100, note("behind"));
    wheel.schedule(300, note("later"));
    expect(() => clock.advance(100)).toThrow("a task's own fault");
    clock.advance(200);
    expect(seen).toEqual(["before@100", "behind@100", "later@300"]);
    expect(clock.timerCount).toBe(0);
  });

  it("never runs a task that was put off for ever, and refuses a delay that is no number", () => {
    const { clock, wheel, seen, note } = groundAt();
    const never = wheel.schedule(Number.POSITIVE_INFINITY, note("never"));
    clock.advance(200_000);
    never.cancel();
    expect(seen).toEqual([]);
    expect(() => wheel.schedule(Number.NaN, note("no number"))).toThrow(RangeError);
    expect([clock.timerCount, wheel.size]).toEqual([0, 0]);
  });
});
