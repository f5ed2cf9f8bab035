import { afterEach, describe, expect, it, vi } from "vitest";
import { nodeClock, NodeTurns } from "./clock.js";

const immediate = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe("Node's clock", () => {
  it("goes forward, and knows what people call the time", () => {
    const before = nodeClock.now();
    expect(nodeClock.now()).toBeGreaterThanOrEqual(before);
    expect(Math.abs(nodeClock.wallTimeMs() - Date.now())).toBeLessThan(1_000);
  });

  it("never runs a task early", async () => {
    const lateness = await Promise.all(
      [0, 0.2, 1, 2.5, 3.9, 7, 10.99].map((delayMs) => {
        const dueMs = nodeClock.now() + delayMs;
        return new Promise<number>((resolve) => nodeClock.schedule(delayMs, () => resolve(nodeClock.now() - dueMs)));
      }),
    );
    expect(Math.min(...lateness)).toBeGreaterThanOrEqual(0);
  });

  it("runs a task once, and not at all when it was cancelled", async () => {
    let runs = 0;
    const cancelled = nodeClock.schedule(1, () => (runs += 100));
    cancelled.cancel();
    await new Promise<void>((resolve) =>
      nodeClock.schedule(1, () => {
        runs++;
        nodeClock.schedule(2, resolve);
      }),
    );
    cancelled.cancel();
    expect(runs).toBe(1);
  });

  it("keeps no process alive", () => {
    const keepingAlive = (): number => process.getActiveResourcesInfo().filter((name) => name === "Timeout").length;
    const before = keepingAlive();
    const timer = nodeClock.schedule(60_000, () => {});
    const other = setTimeout(() => {}, 60_000);
    expect(keepingAlive()).toBe(before + 1);
    timer.cancel();
    clearTimeout(other);
  });

  describe("when years pass", () => {
    afterEach(() => vi.useRealTimers());

    it("waits longer than a timer of Node can, and for ever", () => {
      vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
      const days = 24 * 3600 * 1000;
      const seen: string[] = [];
      nodeClock.schedule(60 * days, () => seen.push("60 days"));
      const cancelled = nodeClock.schedule(60 * days, () => seen.push("cancelled"));
      nodeClock.schedule(Number.POSITIVE_INFINITY, () => seen.push("never"));
      vi.advanceTimersByTime(59 * days);
      cancelled.cancel();
      expect(seen).toEqual([]);
      vi.advanceTimersByTime(365 * days);
      expect(seen).toEqual(["60 days"]);
      expect(vi.getTimerCount()).toBe(1);
    });
  });
});

describe("Node's turns", () => {
  it("run the tasks of a turn in order behind all promises, and what they add in the next turn", async () => {
    const turns = new NodeTurns();
    const seen: string[] = [];
    turns.atEndOfTurn(() => {
      seen.push("first");
      turns.atEndOfTurn(() => seen.push("next turn"));
    });
    turns.atEndOfTurn(() => seen.push("second"));
    await Promise.resolve().then(() => seen.push("promise"));
    await immediate();
    expect(seen).toEqual(["promise", "first", "second"]);
    await immediate();
    expect(seen.at(-1)).toBe("next turn");
  });

  it("run the other tasks when one throws", async () => {
    const turns = new NodeTurns();
    const seen: string[] = [];
    const errors: Error[] = [];
    // An error in an immediate is nobody's to catch but the process's.
    const others = process.listeners("uncaughtException");
    process.removeAllListeners("uncaughtException");
    process.on("uncaughtException", (error) => errors.push(error));
    turns.atEndOfTurn(() => seen.push("before"));
    turns.atEndOfTurn(() => {
      throw new Error("a task's own fault");
    });
    turns.atEndOfTurn(() => seen.push("behind"));
    await immediate();
    await immediate();
    process.removeAllListeners("uncaughtException");
    for (const listener of others) process.on("uncaughtException", listener);
    expect([seen, errors.map(({ message }) => message)]).toEqual([["before", "behind"], ["a task's own fault"]]);
  });
});
