import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { bytesOf, Frames } from "./frames.js";

const bytes = (...values: number[]): Uint8Array => new Uint8Array(values);

describe("frames on their way out", () => {
  it("are one run where they lie behind each other in memory", () => {
    const frames = new Frames();
    const memory = bytes(1, 2, 3, 4);
    frames.append(memory, 0, 1);
    frames.append(memory, 1, 3);
    expect(frames.byteLength).toBe(3);
    expect(frames.take()).toEqual([{ memory, from: 0, to: 3 }]);
    expect([frames.byteLength, frames.take()]).toEqual([0, []]);
  });

  it("are several runs where they do not", () => {
    const frames = new Frames();
    const [one, other] = [bytes(1, 2, 3, 4), bytes(1, 2, 3, 4)];
    frames.append(one, 0, 1);
    frames.append(one, 2, 3);
    frames.append(other, 3, 4);
    expect(frames.take()).toEqual([
      { memory: one, from: 0, to: 1 },
      { memory: one, from: 2, to: 3 },
      { memory: other, from: 3, to: 4 },
    ]);
  });

  it("are all that was appended, in its order", () => {
    const memories = [bytes(0, 1, 2, 3, 4, 5, 6, 7), bytes(10, 11, 12, 13)] as const;
    const run = fc.tuple(fc.constantFrom(...memories), fc.nat({ max: 8 }), fc.nat({ max: 8 }));
    fc.assert(
      fc.property(fc.array(run), (parts) => {
        const runs = parts.map(([memory, one, other]) => {
          const [from, to] = [Math.min(one, other, memory.length), Math.min(Math.max(one, other), memory.length)];
          return { memory, from, to };
        });
        const frames = new Frames();
        frames.appendAll(runs);
        const expected = runs.flatMap((part) => Array.from(bytesOf(part)));
        expect(frames.byteLength).toBe(expected.length);
        expect(frames.take().flatMap((part) => Array.from(bytesOf(part)))).toEqual(expected);
      }),
    );
  });

  it("are few pieces: one run is a view of its memory, small ones are copied together, and large ones are not copied", () => {
    const [frames, memory, large] = [new Frames(), bytes(1, 2, 3, 4), new Uint8Array(16 * 1024 + 1)];
    frames.append(memory, 1, 3);
    const [view] = frames.pieces();
    expect([view, view?.buffer === memory.buffer]).toEqual([bytes(2, 3), true]);
    frames.append(bytes(5), 0, 1);
    expect(frames.pieces()).toEqual([bytes(2, 3, 5)]);
    frames.append(large, 0, large.length);
    frames.append(memory, 0, 1);
    const all = frames.pieces();
    expect(all.map(({ length }) => length)).toEqual([3, large.length, 1]);
    expect(all[1]).toBe(large);
    expect(frames.byteLength).toBe(3 + large.length + 1);
  });

  it("are equal where they hold the same memory, and can be taken over", () => {
    const memory = bytes(1, 2, 3, 4);
    const runs: readonly (readonly [number, number])[] = [
      [0, 1],
      [0, 2],
      [1, 2],
    ];
    const made = (...all: readonly (readonly [number, number])[]): Frames => {
      const frames = new Frames();
      for (const [from, to] of all) frames.append(memory, from, to);
      return frames;
    };
    for (const one of runs) {
      for (const other of runs) {
        const isSame = one === other;
        expect(made(one).equals(made(other))).toBe(isSame);
        expect(made(one, [3, 4]).equals(made(other, [3, 4]))).toBe(isSame);
        expect(made(one, [3, 4]).equals(made(one, one, [3, 4]))).toBe(false);
        expect(made([3, 4]).equals(made(one, [3, 4]))).toBe(false);
      }
    }
    const elsewhere = new Frames();
    elsewhere.append(bytes(1, 2, 3, 4), 0, 1);
    expect(made([0, 1]).equals(elsewhere)).toBe(false);
    const [from, to] = [made([0, 1], [3, 4]), made([0, 2])];
    to.takeOver(from);
    expect([from.byteLength, to.byteLength, to.take()]).toEqual([
      0,
      2,
      [
        { memory, from: 0, to: 1 },
        { memory, from: 3, to: 4 },
      ],
    ]);
  });

  it("hold little memory beside their own once they wait, and are the same bytes", () => {
    const frames = new Frames();
    const sizes = Array.from({ length: 1_000 }, (_, index) => (index % 100 === 0 ? 30_000 : 1 + (index % 50)));
    const expected = sizes.flatMap((size, index) => {
      const memory = new Uint8Array(64 * 1024).fill(index);
      frames.append(memory, 10, 10 + size);
      frames.compact();
      return Array.from(memory.subarray(10, 10 + size));
    });
    const runs = frames.take();
    const memories = new Set(runs.map(({ memory }) => memory.buffer));
    const heldBytes = [...memories].reduce((sum, { byteLength }) => sum + byteLength, 0);
    // At most the last 16 runs, and the one that may still grow, hold what they were written into.
    expect(heldBytes).toBeLessThan(expected.length + 17 * 64 * 1024);
    expect(runs.length).toBeLessThan(1_000 / 8);
    expect(runs.flatMap((run) => Array.from(bytesOf(run)))).toEqual(expected);
    expect(frames.take()).toEqual([]);
  });

  it("begin anew to be loose when they were taken", () => {
    const frames = new Frames();
    const memory = bytes(1, 2, 3, 4, 5, 6, 7, 8);
    const fill = (): number => {
      for (let count = 0; count < 40; count++) frames.append(memory, 0, 1);
      frames.compact();
      return frames.take().length;
    };
    expect([fill(), fill()]).toEqual([2, 2]);
  });

  it("are appended in the same time, however many there are", () => {
    const frames = new Frames();
    const [one, other] = [bytes(1), bytes(2)];
    // With a copy of the list for each of them these were a minute's work.
    for (let count = 0; count < 100_000; count++) frames.append(count % 2 === 0 ? one : other, 0, 1);
    expect(frames.take()).toHaveLength(100_000);
  });

  it("are seen as views of their memory, and the whole of it as itself", () => {
    const memory = bytes(1, 2, 3);
    expect(bytesOf({ memory, from: 0, to: 3 })).toBe(memory);
    const view = bytesOf({ memory, from: 1, to: 3 });
    expect([view, view.buffer === memory.buffer]).toEqual([bytes(2, 3), true]);
  });
});
