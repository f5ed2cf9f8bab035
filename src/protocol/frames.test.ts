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

  it("are seen as views of their memory, and the whole of it as itself", () => {
    const memory = bytes(1, 2, 3);
    expect(bytesOf({ memory, from: 0, to: 3 })).toBe(memory);
    const view = bytesOf({ memory, from: 1, to: 3 });
    expect([view, view.buffer === memory.buffer]).toEqual([bytes(2, 3), true]);
  });
});
