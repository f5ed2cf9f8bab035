import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { collectGarbage } from "../../test/support/garbage.js";
import { BoundedQueue } from "./bounded-queue.js";

describe("a bounded queue", () => {
  it("gives items back in the order they came, over many turns of its ring", () => {
    fc.assert(
      fc.property(
        fc.array(fc.option(fc.integer(), { nil: undefined })),
        fc.integer({ min: 1, max: 20 }),
        (steps, itemsMax) => {
          const queue = new BoundedQueue<number>(itemsMax);
          const model: number[] = [];
          for (const step of steps) {
            if (step === undefined) expect(queue.shift()).toBe(model.shift());
            else if (model.length < itemsMax) expect(queue.push(step) && model.push(step) > 0).toBe(true);
            else expect(queue.push(step)).toBe(false);
            expect(queue.length).toBe(model.length);
            expect(queue.isFull).toBe(model.length === itemsMax);
            expect(queue.peek()).toBe(model[0]);
          }
        },
      ),
    );
  });

  it("is empty after it was cleared and can be used again", () => {
    const queue = new BoundedQueue<string>(2);
    queue.push("a");
    queue.clear();
    expect(queue.shift()).toBeUndefined();
    expect(queue.push("b")).toBe(true);
    expect(queue.peek()).toBe("b");
  });

  it("gives the memory of a ring that had grown back once it is empty", async () => {
    const queues = Array.from({ length: 500 }, () => new BoundedQueue<number>(1024));
    const before = await collectGarbage();
    for (const queue of queues) {
      for (let item = 0; item < 1024; item++) queue.push(item);
      for (let item = 0; item < 1024; item++) queue.shift();
    }
    // 500 rings of 1,024 places of 8 bytes would be 4 MB.
    expect((await collectGarbage()) - before).toBeLessThan(1_000_000);
    expect(queues.every((queue) => queue.push(1) && queue.shift() === 1)).toBe(true);
  });

  it.each([0, -1, 1.5, Number.NaN])("refuses %s as its bound", (itemsMax) => {
    expect(() => new BoundedQueue(itemsMax)).toThrow(expect.objectContaining({ code: "kernel/queue-bound" }));
  });
});
