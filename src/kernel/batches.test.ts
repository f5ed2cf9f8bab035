import { describe, expect, it } from "vitest";
import { Batches } from "./batches.js";
import { deferred } from "./deferred.js";

describe("single calls that are gathered", () => {
  it("go together when they come in one turn, at most so many, and each has its own answer", async () => {
    const batches: (readonly number[])[] = [];
    const doubled = new Batches<number, number>(2, async (items) => {
      batches.push(items);
      return items.map((item) => item * 2);
    });
    expect(await Promise.all([1, 2, 3].map((item) => doubled.add(item)))).toEqual([2, 4, 6]);
    expect(batches).toEqual([[1, 2], [3]]);
    expect(await doubled.add(4)).toBe(8);
  });

  it("wait while a batch is under way", async () => {
    const gate = deferred<void>();
    const batches: (readonly string[])[] = [];
    const gathered = new Batches<string, string>(10, async (items) => {
      batches.push(items);
      await gate.promise;
      return items;
    });
    const first = gathered.add("a");
    await Promise.resolve();
    const others = [gathered.add("b"), gathered.add("c")];
    expect(gathered.waitingCount).toBe(2);
    gate.resolve();
    expect(await Promise.all([first, ...others])).toEqual(["a", "b", "c"]);
    expect(batches).toEqual([["a"], ["b", "c"]]);
    expect(gathered.waitingCount).toBe(0);
  });

  it("fail together, and those behind them go on", async () => {
    const gathered = new Batches<number, number>(2, async (items) => {
      if (items.includes(1)) throw new Error("no ones");
      return items;
    });
    const outcomes = await Promise.allSettled([1, 2, 3].map((item) => gathered.add(item)));
    expect(outcomes.map(({ status }) => status)).toEqual(["rejected", "rejected", "fulfilled"]);
  });
});
