import { describe, expect, it } from "vitest";
import type { Turns } from "./clock.js";
import { inSlices, sliceMsMax } from "./slices.js";

describe("slices", () => {
  it("let others have a turn after a bounded time, and do everything", async () => {
    let nowMs = 0;
    const seen: string[] = [];
    const turns: Turns = {
      atEndOfTurn: (task) => {
        seen.push("turn");
        nowMs += 100;
        task();
      },
    };
    const work = (item: number): void => {
      seen.push(String(item));
      nowMs += sliceMsMax / 2;
    };
    await inSlices([1, 2, 3, 4, 5], work, { clock: { now: () => nowMs }, turns });
    expect(seen).toEqual(["1", "2", "turn", "3", "4", "turn", "5"]);
  });

  it("end at once where there is nothing to do, and reject with what the work throws", async () => {
    const ports = { clock: { now: () => 0 }, turns: { atEndOfTurn: () => {} } };
    await inSlices([], () => {}, ports);
    const fail = (): void => {
      throw new Error("no");
    };
    await expect(inSlices([1], fail, ports)).rejects.toThrow("no");
  });
});
