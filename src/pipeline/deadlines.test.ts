import { beforeEach, describe, expect, it } from "vitest";
import { deferred } from "../kernel/deferred.js";
import { VirtualClock } from "../testing/virtual-clock.js";
import { wireError } from "../wire/errors.js";
import { Deadlines } from "./deadlines.js";

describe("deadlines", () => {
  let clock: VirtualClock;
  let deadlines: Deadlines;
  beforeEach(() => {
    clock = new VirtualClock();
    deadlines = new Deadlines(clock, 100);
  });

  it("give back what a task does in time, and leave no timer", async () => {
    await expect(deadlines.run(async () => 7)).resolves.toBe(7);
    await expect(deadlines.run(() => Promise.reject(new Error("no")))).rejects.toThrow("no");
    expect(clock.timerCount).toBe(0);
  });

  it("give a task up that takes too long, and tell it so", async () => {
    const forever = deferred<never>();
    let signal: AbortSignal | undefined;
    const running = deadlines.run(({ signal: given }) => {
      signal = given;
      return forever.promise;
    });
    clock.advance(99);
    expect(signal?.aborted).toBe(false);
    clock.advance(1);
    await expect(running).rejects.toMatchObject({
      code: "message/failed",
      message: "the processor took longer than 100 ms",
    });
    expect(signal?.aborted).toBe(true);
    forever.reject(new Error("nobody waits for this any more"));
  });

  it("give up what runs when they are closed, and run nothing afterwards", async () => {
    const stop = wireError("server/stopping", "stop");
    const signals: AbortSignal[] = [];
    const running = [1, 2].map(() =>
      deadlines.run(({ signal }) => {
        signals.push(signal);
        return deferred<never>().promise;
      }),
    );
    deadlines.close(stop);
    for (const task of [...running, deadlines.run(async () => 7)]) await expect(task).rejects.toBe(stop);
    expect(signals.map(({ reason }) => reason)).toEqual([stop, stop]);
    expect(clock.timerCount).toBe(0);
  });

  it("watch several tasks, each for its own time", async () => {
    const first = deadlines.run(() => deferred<never>().promise);
    clock.advance(60);
    const second = deadlines.run(() => deferred<never>().promise);
    clock.advance(40);
    await expect(first).rejects.toMatchObject({ code: "message/failed" });
    expect(clock.timerCount).toBe(1);
    clock.advance(60);
    await expect(second).rejects.toMatchObject({ code: "message/failed" });
    expect(clock.timerCount).toBe(0);
  });
});
