import { describe, expect, it } from "vitest";
import { lastingPlace, memoryPlace } from "../../test/support/store-places.js";
import { SeededRandom } from "./seeded-random.js";
import { numbers, originOf, StoreTrial, type StorePlace } from "./store-trial.js";

function trialAt(place: StorePlace): StoreTrial {
  return new StoreTrial({ place, random: new SeededRandom(1), durability: "memory" });
}

describe("a trial of a store", () => {
  it("has a store between its beginning and its end", async () => {
    const trial = trialAt(memoryPlace());
    expect(() => trial.store).toThrow("the store was opened");
    await trial.begin();
    await trial.open("a");
    const { store } = trial;
    await trial.end();
    await trial.end();
    expect(() => trial.store).toThrow("the store was opened");
    await expect(store.release("a")).rejects.toThrow();
  });

  it("opens the same place again", async () => {
    const trial = trialAt(lastingPlace());
    await trial.begin();
    await trial.open("a");
    await trial.append("a", "1", "2");
    await trial.reopen();
    expect(await trial.open("a")).toMatchObject({ head: 2 });
    expect(await trial.offsets("a", 2)).toEqual([1, 2]);
  });

  it("publishes at its own time, and says what became of it", async () => {
    const trial = trialAt(memoryPlace());
    await trial.begin();
    await trial.open("a");
    trial.clock.advance(1000);
    expect(await trial.append("a", "1")).toMatchObject([{ at: trial.time, payload: "1" }]);
    expect(await trial.publish("a", originOf(1))).toBe("appended 2");
    expect(await trial.publish("a", originOf(1))).toBe("repeat 2");
    for (const sequence of numbers(2, 60)) await trial.publish("a", originOf(sequence));
    expect(await trial.publish("a", originOf(1, trial.time))).toBe("unknown");
    expect(trial.stepCount).toBeGreaterThan(0);
  });

  it("does not take anything else for appended", async () => {
    const trial = trialAt(memoryPlace(() => ({ append: async () => [{ kind: "unknown" }] })));
    await trial.begin();
    await trial.open("a");
    await expect(trial.append("a", "1")).rejects.toThrow("it was unknown");
    await expect(trial.append("a", "1", "2")).rejects.toThrow("2 drafts have as many answers, not 1");
  });
});

describe("numbers", () => {
  it("go from one to the other", () => {
    expect([numbers(2, 4), numbers(2, 2), numbers(3, 2)]).toEqual([[2, 3, 4], [2], []]);
  });
});
