import { describe, expect, it } from "vitest";
import { VirtualClock } from "../testing/virtual-clock.js";
import { WallClockWatch } from "./wall-clock-watch.js";

describe("watching the wall clock", () => {
  const hour = 3_600_000;

  it.each([hour, -hour, 300, -300])("tells of a jump by %i ms, once, within a second", (byMs) => {
    const clock = new VirtualClock();
    const told: number[] = [];
    const end = new WallClockWatch(clock).watch(() => void told.push(clock.now()));
    clock.advance(10_000);
    clock.jumpWallTime(byMs);
    clock.advance(10_000);
    expect(told).toHaveLength(1);
    expect(told[0]).toBeGreaterThan(10_000);
    expect(told[0]).toBeLessThan(11_000);
    end();
  });

  it("tells of small steps when they come to something", () => {
    const clock = new VirtualClock();
    let told = 0;
    new WallClockWatch(clock).watch(() => void told++);
    for (let count = 0; count < 5; count++) {
      clock.jumpWallTime(100);
      clock.advance(1_000);
    }
    expect(told).toBe(1);
  });

  it("has one timer for all who watch, and none when nobody does", () => {
    const clock = new VirtualClock();
    const watch = new WallClockWatch(clock);
    const ends = [watch.watch(() => undefined), watch.watch(() => undefined)];
    expect(clock.timerCount).toBe(1);
    for (const end of ends) end();
    expect(clock.timerCount).toBe(0);
    clock.jumpWallTime(hour);
    let told = 0;
    const end = watch.watch(() => void told++);
    clock.advance(1_000);
    expect(told).toBe(0);
    end();
    expect(clock.timerCount).toBe(0);
  });

  it("lets those who are told stop watching at once", () => {
    const clock = new VirtualClock();
    const watch = new WallClockWatch(clock);
    const told: string[] = [];
    const end = watch.watch(() => {
      told.push("first");
      end();
    });
    clock.jumpWallTime(hour);
    clock.advance(1_000);
    expect(told).toEqual(["first"]);
    expect(clock.timerCount).toBe(0);
  });
});
