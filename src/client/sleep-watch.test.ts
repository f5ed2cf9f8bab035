import { expect, it } from "vitest";
import { VirtualClock } from "../testing/virtual-clock.js";
import { SleepWatch } from "./sleep-watch.js";

it("a machine that slept for two minutes is noticed once, at the next look", () => {
  const clock = new VirtualClock();
  let wakes = 0;
  const watch = new SleepWatch(clock, () => wakes++);
  watch.start();
  clock.advance(45_000);
  clock.jumpWallTime(120_000);
  clock.advance(14_999);
  expect(wakes).toBe(0);
  clock.advance(1);
  expect(wakes).toBe(1);
  clock.advance(300_000);
  expect(wakes).toBe(1);
});

it("timers that a browser runs once a minute are no sleep", () => {
  const clock = new VirtualClock();
  const watch = new SleepWatch(clock, () => expect.unreachable());
  watch.start();
  for (let look = 0; look < 5; look++) {
    clock.jumpWallTime(60_000);
    clock.advance(30_000);
  }
});

it("a watch that was stopped leaves no timer", () => {
  const clock = new VirtualClock();
  const watch = new SleepWatch(clock, () => expect.unreachable());
  watch.start();
  watch.start();
  watch.stop();
  watch.stop();
  expect(clock.timerCount).toBe(0);
});
