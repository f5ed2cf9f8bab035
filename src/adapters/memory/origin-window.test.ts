import { describe, expect, it } from "vitest";
import { OriginWindow } from "./origin-window.js";

const origin = (sequence: number, firstSentAt?: number) => ({ producer: "p", sequence, firstSentAt });

function windowWith(limits: { windowMs?: number; windowMessagesMax?: number } = {}): OriginWindow {
  return new OriginWindow({ windowMs: 600_000, windowMessagesMax: 3, ...limits });
}

describe("the window of publishes that are remembered", () => {
  it("finds what was added, by producer and sequence", () => {
    const window = windowWith();
    window.add(origin(1), { offset: 7, at: 0 });
    expect(window.find({ producer: "p", sequence: 1 })).toBe(7);
    expect(window.find({ producer: "p", sequence: 2 })).toBeUndefined();
    expect(window.find({ producer: "q", sequence: 1 })).toBeUndefined();
  });

  it("does not mix up producers whose names have digits", () => {
    const window = windowWith();
    window.add({ producer: "1:a", sequence: 2, firstSentAt: undefined }, { offset: 1, at: 0 });
    expect(window.find({ producer: "a", sequence: 21 })).toBeUndefined();
    expect(window.find({ producer: ":a", sequence: 21 })).toBeUndefined();
  });

  it("remembers as many as it may, the newest, without an end", () => {
    const window = windowWith();
    for (let sequence = 1; sequence <= 1000; sequence++) window.add(origin(sequence), { offset: sequence, at: 0 });
    expect(window.size).toBe(3);
    expect([997, 998, 1000].map((sequence) => window.find(origin(sequence)))).toEqual([undefined, 998, 1000]);
  });

  it("forgets what is too old, a bounded number at once", () => {
    const window = windowWith({ windowMs: 100, windowMessagesMax: 10 });
    for (let sequence = 1; sequence <= 4; sequence++) window.add(origin(sequence), { offset: sequence, at: sequence });
    window.expire(103, 10);
    expect(window.size).toBe(2);
    window.expire(1000, 1);
    expect(window.size).toBe(1);
    window.expire(1000, 10);
    expect([window.size, window.forgetOldest()]).toEqual([0, false]);
  });

  it("can say of a repeat whether it may have been forgotten, with a minute for its way", () => {
    const window = windowWith();
    expect(window.mayHaveForgotten(origin(1, 0))).toBe(false);
    window.add(origin(1), { offset: 1, at: 100_000 });
    expect(window.mayHaveForgotten(origin(2, 100_000))).toBe(false);
    window.forgetOldest();
    expect(window.mayHaveForgotten(origin(2, 100_000))).toBe(true);
    expect(window.mayHaveForgotten(origin(2, 160_000))).toBe(true);
    expect(window.mayHaveForgotten(origin(2, 160_001))).toBe(false);
    expect(window.mayHaveForgotten(origin(2))).toBe(false);
  });
});
