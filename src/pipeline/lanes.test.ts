import { describe, expect, it } from "vitest";
import { deferred } from "../kernel/deferred.js";
import { Lanes, type Place } from "./lanes.js";

function enter(lanes: Lanes, name: string): Place {
  const place = lanes.enter(name);
  if (place === undefined) throw new Error("the lane is full");
  return place;
}

describe("lanes", () => {
  it("run what is put into one lane in order, however long each takes and whether it fails", async () => {
    const lanes = new Lanes(9);
    const log: string[] = [];
    const slow = deferred<void>();
    const first = enter(lanes, "a").inOrder(async () => {
      await slow.promise;
      log.push("first");
    });
    const second = enter(lanes, "a").inOrder(() => {
      log.push("second");
      throw new Error("no");
    });
    const third = enter(lanes, "a").inOrder(() => log.push("third"));
    expect(enter(lanes, "b").inOrder(() => log.push("other"))).toBe(1);
    expect(log).toEqual(["other"]);
    slow.resolve();
    await expect(second).rejects.toThrow("no");
    await Promise.all([first, third]);
    expect(log).toEqual(["other", "first", "second", "third"]);
  });

  it("let the first be used before the second has begun", async () => {
    const lanes = new Lanes(9);
    const log: string[] = [];
    const run = async (name: string): Promise<void> => {
      await enter(lanes, "a").inOrder(async () => log.push(`run ${name}`));
      log.push(`use ${name}`);
    };
    await Promise.all([run("1"), run("2")]);
    expect(log).toEqual(["run 1", "use 1", "run 2", "use 2"]);
  });

  it("run at once what comes when all before it has run", async () => {
    const lanes = new Lanes(9);
    expect(enter(lanes, "a").inOrder(() => 1)).toBe(1);
    expect(() =>
      enter(lanes, "a").inOrder(() => {
        throw new Error("no");
      }),
    ).toThrow("no");
    await enter(lanes, "a").inOrder(async () => 2);
    expect(enter(lanes, "a").inOrder(() => 3)).toBe(3);
  });

  it("are bounded, and gone when everybody has left", () => {
    const lanes = new Lanes(2);
    const [one, two] = [enter(lanes, "a"), enter(lanes, "a")];
    expect(lanes.enter("a")).toBeUndefined();
    expect(lanes.enter("b")).toBeDefined();
    one.leave();
    const three = enter(lanes, "a");
    expect(lanes.count).toBe(2);
    two.leave();
    three.leave();
    expect(lanes.count).toBe(1);
  });
});
