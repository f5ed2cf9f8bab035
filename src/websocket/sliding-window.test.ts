import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { SlidingWindow } from "./sliding-window.js";

describe("a sliding window", () => {
  it("holds nothing before the first message, and nothing of empty ones", () => {
    const window = new SlidingWindow(15);
    expect(window.bytes).toBeUndefined();
    window.append(new Uint8Array(0));
    expect(window.bytes).toBeUndefined();
  });

  it("holds the last bytes of all messages together, as many as its bits say", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 8, max: 10 }),
        fc.array(fc.uint8Array({ maxLength: 2100, size: "max" }), { maxLength: 6 }),
        (windowBits, messages) => {
          const window = new SlidingWindow(windowBits);
          for (const message of messages) window.append(message);
          const all = Buffer.concat(messages);
          expect(Buffer.compare(window.bytes ?? all.subarray(0, 0), all.subarray(-(2 ** windowBits)))).toBe(0);
        },
      ),
    );
  });

  it("keeps bytes of its own, and leaves those that it gave out as they are", () => {
    const window = new SlidingWindow(15);
    const message = new Uint8Array([1, 2]);
    window.append(message);
    message.fill(0);
    const before = window.bytes;
    window.append(new Uint8Array([3]));
    expect([before, window.bytes]).toEqual([new Uint8Array([1, 2]), new Uint8Array([1, 2, 3])]);
  });
});
