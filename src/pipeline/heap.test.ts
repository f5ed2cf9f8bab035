import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Heap } from "./heap.js";

describe("a heap", () => {
  it("gives items back in order, whatever order they came in", () => {
    fc.assert(
      fc.property(fc.array(fc.integer()), (numbers) => {
        const heap = new Heap<number>((one, other) => one < other);
        for (const number of numbers) heap.push(number);
        expect(heap.size).toBe(numbers.length);
        const sorted = numbers.toSorted((one, other) => one - other);
        expect(heap.first).toBe(sorted[0]);
        expect(numbers.map(() => heap.pop())).toEqual(sorted);
        expect(heap.pop()).toBeUndefined();
        expect(heap.size).toBe(0);
      }),
    );
  });

  it("lets any item go from where it says that the item is", () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.integer(), fc.boolean())), (draws) => {
        const places = new Map<{ number: number }, number>();
        const heap = new Heap<{ number: number }>(
          (one, other) => one.number < other.number,
          (item, index) => places.set(item, index),
        );
        const items = draws.map(([number, isRemoved]) => ({ number, isRemoved }));
        for (const item of items) heap.push(item);
        for (const item of items.filter(({ isRemoved }) => isRemoved)) {
          expect(heap.removeAt(places.get(item) ?? -1)).toBe(item);
        }
        const left = items.filter(({ isRemoved }) => !isRemoved).map(({ number }) => number);
        expect(left.map(() => heap.pop()?.number)).toEqual(left.toSorted((one, other) => one - other));
        expect(heap.first).toBeUndefined();
      }),
    );
  });

  it("compares few items with each other", () => {
    const size = 100_000;
    let comparisons = 0;
    const heap = new Heap<number>((one, other) => {
      comparisons++;
      return one < other;
    });
    for (let number = size; number > 0; number--) heap.push(number);
    let inOrder = 0;
    for (let number = 1; number <= size; number++) if (heap.pop() === number) inOrder++;
    expect(inOrder).toBe(size);
    expect(comparisons).toBeLessThan(3 * size * Math.log2(size));
  });
});
