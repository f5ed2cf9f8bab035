import { beforeEach, describe, expect, it } from "vitest";
import { VirtualClock } from "../testing/virtual-clock.js";
import { LateNotes } from "./late-notes.js";

describe("late notes", () => {
  let clock: VirtualClock;
  let noted: string[];
  let notes: LateNotes<string>;
  beforeEach(() => {
    clock = new VirtualClock();
    noted = [];
    notes = new LateNotes(clock, (item) => void noted.push(item));
  });

  it("are made of what lasts, between 20 and 40 ms after it came, once", async () => {
    notes.add("a");
    await clock.pass(10);
    notes.add("b");
    await clock.pass(10);
    notes.add("c");
    await clock.pass(19);
    expect(noted).toEqual([]);
    await clock.pass(1);
    expect(noted).toEqual(["a", "b"]);
    await clock.pass(20);
    expect(noted).toEqual(["a", "b", "c"]);
    await clock.pass(1_000);
    expect(noted).toEqual(["a", "b", "c"]);
  });

  it("are not made of what is over, and of nothing when they are closed", async () => {
    notes.add("a");
    await clock.pass(20);
    notes.add("b");
    notes.remove("a");
    await clock.pass(20);
    notes.remove("b");
    await clock.pass(20);
    notes.add("c");
    notes.close();
    await clock.pass(100);
    expect(noted).toEqual([]);
  });
});
