import { expect, it, vi } from "vitest";
import type { Run } from "../protocol/frames.js";
import { VirtualClock } from "../testing/virtual-clock.js";
import { TurnWriter } from "./turn-writer.js";

const bytes = (...values: number[]): Uint8Array => new Uint8Array(values);
const runOf = (memory: Uint8Array): Run => ({ memory, from: 0, to: memory.length });

it("shows one run as a view of its memory, and copies several together", () => {
  const writer = new TurnWriter(new VirtualClock());
  const memory = bytes(1, 2, 3, 4);
  const [view] = writer.piecesOf([{ memory, from: 1, to: 3 }]);
  expect([view, view?.buffer === memory.buffer]).toEqual([bytes(2, 3), true]);
  expect(writer.piecesOf([runOf(bytes(1)), { memory, from: 2, to: 4 }])).toEqual([bytes(1, 3, 4)]);
});

it("leaves large runs as they are", () => {
  const writer = new TurnWriter(new VirtualClock());
  const large = new Uint8Array(16 * 1024 + 1);
  const all = writer.piecesOf([bytes(1), bytes(2), large, bytes(3)].map(runOf));
  expect(all.map(({ length }) => length)).toEqual([2, 16 * 1024 + 1, 1]);
  expect(all[1]).toBe(large);
});

it("makes pieces of the same runs once in a turn, and then forgets them", () => {
  const clock = new VirtualClock();
  const writer = new TurnWriter(clock);
  const [a, b, c] = [bytes(1, 1), bytes(2, 2), bytes(3, 3)].map(runOf) as [Run, Run, Run];
  const pieces = writer.piecesOf([a, b]);
  expect(writer.piecesOf([{ ...a }, { ...b }])).toBe(pieces);
  for (const other of [[a, c], [a, c, b], [a], [{ ...a, from: 1 }], [{ ...a, to: 1 }]]) {
    const before = writer.piecesOf([a, b]);
    expect(writer.piecesOf(other)).not.toBe(before);
  }
  const again = writer.piecesOf([a, b]);
  writer.later({ write: () => {} });
  clock.runTurn();
  expect(writer.piecesOf([a, b])).not.toBe(again);
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
