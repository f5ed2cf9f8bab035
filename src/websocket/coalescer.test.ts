import { expect, it } from "vitest";
import { VirtualClock } from "../testing/virtual-clock.js";
import { Coalescer } from "./coalescer.js";

const bytes = (...values: number[]): Uint8Array => new Uint8Array(values);

it("joins what lies in a row without copying, and copies what does not", () => {
  const coalescer = new Coalescer(new VirtualClock());
  const slab = bytes(1, 2, 3, 4);
  const [row] = coalescer.coalesce([slab.subarray(0, 1), slab.subarray(1, 3)]);
  expect([row, row?.buffer === slab.buffer]).toEqual([bytes(1, 2, 3), true]);
  expect(coalescer.coalesce([bytes(1), bytes(2), bytes(3)])).toEqual([bytes(1, 2, 3)]);
});

it("leaves one piece, and large pieces, as they are", () => {
  const coalescer = new Coalescer(new VirtualClock());
  const large = new Uint8Array(16 * 1024 + 1);
  const one = [bytes(1)];
  expect(coalescer.coalesce(one)).toBe(one);
  const all = coalescer.coalesce([bytes(1), bytes(2), large, bytes(3)]);
  expect(all.map(({ length }) => length)).toEqual([2, 16 * 1024 + 1, 1]);
  expect(all[1]).toBe(large);
});

it("puts the same pieces together once in a turn, and then forgets them", () => {
  const clock = new VirtualClock();
  const coalescer = new Coalescer(clock);
  const [a, b, c] = [bytes(1), bytes(2), bytes(3)];
  const joined = coalescer.coalesce([a, b]);
  expect(coalescer.coalesce([a, b])).toBe(joined);
  expect(coalescer.coalesce([a, c])).toEqual([bytes(1, 3)]);
  expect(coalescer.coalesce([a, c, b])).toEqual([bytes(1, 3, 2)]);
  const again = coalescer.coalesce([a, b]);
  expect(again).not.toBe(joined);
  clock.runTurn();
  expect(coalescer.coalesce([a, b])).not.toBe(again);
});
