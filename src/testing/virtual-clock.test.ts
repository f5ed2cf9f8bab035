import { describe, expect, it } from "vitest";
import { VirtualClock } from "./virtual-clock.js";

describe("a virtual clock", () => {
  it("stands still until it is moved", () => {
    const clock = new VirtualClock({ wallTimeMs: 1_000 });
    expect([clock.now(), clock.wallTimeMs()]).toEqual([0, 1_000]);
    clock.advance(25);
    expect([clock.now(), clock.wallTimeMs()]).toEqual([25, 1_025]);
  });

  it("runs timers when they are due, in that order, and ties in the order they were set", () => {
    const clock = new VirtualClock();
    const seen: string[] = [];
    const note = (name: string) => () => void seen.push(`${name}@${clock.now()}`);
    clock.schedule(30, note("late"));
    clock.schedule(10, note("first"));
    clock.schedule(10, note("second"));
    clock.schedule(-5, note("at once"));
    clock.advance(29);
    expect(seen).toEqual(["at once@0", "first@10", "second@10"]);
    expect(clock.nextTimerMs).toBe(30);
    clock.advance(1);
    expect(seen.at(-1)).toBe("late@30");
    expect(clock.timerCount).toBe(0);
  });

  it("runs what a task schedules on the way, if that is due in the same span", () => {
    const clock = new VirtualClock();
    const seen: number[] = [];
    const tick = (): void => {
      seen.push(clock.now());
      clock.schedule(10, tick);
    };
    clock.schedule(10, tick);
    clock.advance(35);
    expect(seen).toEqual([10, 20, 30]);
  });

  it("does not run a timer that was cancelled, and cancelling twice does nothing", () => {
    const clock = new VirtualClock();
    const cancelled = clock.schedule(1, () => expect.unreachable());
    let ran = false;
    clock.schedule(1, () => (ran = true));
    cancelled.cancel();
    cancelled.cancel();
    clock.advance(1);
    expect(ran).toBe(true);
  });

  it("ends a turn behind each timer, and what that adds waits for the next turn", () => {
    const clock = new VirtualClock();
    const seen: string[] = [];
    clock.atEndOfTurn(() => {
      seen.push("turn 1");
      clock.atEndOfTurn(() => seen.push("turn 2"));
    });
    clock.schedule(1, () => {
      seen.push("timer");
      clock.atEndOfTurn(() => seen.push("behind the timer"));
    });
    expect(clock.runTurn()).toBe(true);
    expect(seen).toEqual(["turn 1"]);
    clock.advance(1);
    expect(seen).toEqual(["turn 1", "timer", "turn 2", "behind the timer"]);
    expect(clock.runTurn()).toBe(false);
  });

  it("lets promises go on between two timers when time passes", async () => {
    const clock = new VirtualClock();
    const seen: string[] = [];
    const wait = (ms: number): Promise<void> => new Promise((resolve) => clock.schedule(ms, resolve));
    const run = async (): Promise<void> => {
      for (let step = 0; step < 3; step++) {
        await wait(10);
        await Promise.resolve();
        clock.atEndOfTurn(() => seen.push(`turn@${clock.now()}`));
      }
    };
    const running = run();
    await clock.pass(25);
    expect(seen).toEqual(["turn@10", "turn@20"]);
    expect(clock.now()).toBe(25);
    await clock.pass(5);
    await running;
    expect(seen).toEqual(["turn@10", "turn@20", "turn@30"]);
  });

  it("says so when a program never comes to rest", async () => {
    const clock = new VirtualClock();
    const again = (): void => clock.atEndOfTurn(again);
    again();
    await expect(clock.settle()).rejects.toMatchObject({ code: "testing/never-settles" });
  });

  it("lets the wall clock jump without moving time", () => {
    const clock = new VirtualClock({ wallTimeMs: 0 });
    let ran = false;
    clock.schedule(10, () => (ran = true));
    clock.jumpWallTime(3_600_000);
    expect([clock.now(), clock.wallTimeMs(), ran]).toEqual([0, 3_600_000, false]);
  });
});
