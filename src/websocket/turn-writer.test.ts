import { expect, it, vi } from "vitest";
import { Frames, type Run } from "../protocol/frames.js";
import { VirtualClock } from "../testing/virtual-clock.js";
import { TurnWriter } from "./turn-writer.js";

const bytes = (...values: number[]): Uint8Array => new Uint8Array(values);
const runOf = (memory: Uint8Array): Run => ({ memory, from: 0, to: memory.length });
const framesOf = (runs: readonly Run[]): Frames => {
  const frames = new Frames();
  frames.appendAll(runs);
  return frames;
};

it("takes all that there is", () => {
  const writer = new TurnWriter(new VirtualClock());
  for (let count = 0; count < 2; count++) {
    const memory = bytes(1);
    const [one, other] = [framesOf([runOf(memory)]), framesOf([runOf(memory)])];
    expect([writer.take(one), writer.take(other)]).toEqual([[memory], [memory]]);
    expect([one.byteLength, other.byteLength]).toEqual([0, 0]);
  }
});

it("makes pieces of the same runs once in a turn, and then forgets them", () => {
  const clock = new VirtualClock();
  const writer = new TurnWriter(clock);
  const [a, b, c] = [bytes(1, 1), bytes(2, 2), bytes(3, 3)].map(runOf) as [Run, Run, Run];
  const pieces = writer.take(framesOf([a, b]));
  expect(writer.take(framesOf([{ ...a }, { ...b }]))).toBe(pieces);
  for (const other of [[a, c], [a, c, b], [a], [{ ...a, from: 1 }], [{ ...a, to: 1 }]]) {
    const before = writer.take(framesOf([a, b]));
    expect(writer.take(framesOf(other))).not.toBe(before);
  }
  const again = writer.take(framesOf([a, b]));
  writer.later({ write: () => {} });
  clock.runTurn();
  expect(writer.take(framesOf([a, b]))).not.toBe(again);
});

it("has all write at the end of the turn in their order, and those behind one that throws in the next", () => {
  const clock = new VirtualClock();
  const writer = new TurnWriter(clock);
  const written: string[] = [];
  const writing = (name: string) => ({ write: () => void written.push(name) });
  writer.later(writing("a"));
  writer.later({ write: vi.fn().mockThrow(new Error("broken")) });
  writer.later(writing("b"));
  expect(written).toEqual([]);
  expect(() => clock.runTurn()).toThrow("broken");
  expect(written).toEqual(["a"]);
  clock.runTurn();
  expect(written).toEqual(["a", "b"]);
});
