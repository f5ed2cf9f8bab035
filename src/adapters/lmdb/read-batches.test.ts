import { describe, expect, it } from "vitest";
import type { Message } from "../../hub/store.js";
import { VirtualClock } from "../../testing/virtual-clock.js";
import { ReadBatches, type BatchWanted, type ReadBatch } from "./read-batches.js";

const messagesOf = (first: number, last: number): Message[] =>
  Array.from({ length: last - first + 1 }, (_, index) => ({
    channel: "a",
    offset: first + index,
    payload: "0",
    from: "ada",
    at: 5,
  }));
const limits = { channelNumber: 1, messagesMax: 4, bytesMax: 1000, until: 10 };
const batch = (first: number, last: number, other: Partial<ReadBatch> = {}): ReadBatch => ({
  ...limits,
  messages: messagesOf(first, last),
  bytes: 100,
  ...other,
});
const found = (batches: ReadBatches, first: number, other: Partial<BatchWanted> = {}): number[] | undefined =>
  batches.find({ ...limits, first, ...other })?.map(({ offset }) => offset);

describe("what was read lately", () => {
  it("is given to others from where they are, as the same objects", () => {
    const batches = new ReadBatches(10_000, new VirtualClock());
    const kept = batch(1, 4);
    batches.add(kept);
    expect(batches.find({ ...limits, first: 1 })).toBe(kept.messages);
    expect(batches.find({ ...limits, first: 3 })?.[0]).toBe(kept.messages[2]);
    expect(found(batches, 3)).toEqual([3, 4]);
    expect([found(batches, 0), found(batches, 5)]).toEqual([undefined, undefined]);
  });

  it("is forgotten after a second", () => {
    const clock = new VirtualClock();
    const batches = new ReadBatches(10_000, clock);
    for (let time = 0; time < 2; time++) {
      batches.add(batch(1, 4));
      clock.advance(999);
      batches.add(batch(5, 8));
      expect([found(batches, 1), found(batches, 5)]).toEqual([
        [1, 2, 3, 4],
        [5, 6, 7, 8],
      ]);
      clock.advance(1);
      expect([found(batches, 1), found(batches, 5)]).toEqual([undefined, undefined]);
    }
  });

  it("is given only to who reads the same channel with the same limits, and as far", () => {
    const batches = new ReadBatches(10_000, new VirtualClock());
    batches.add(batch(1, 4));
    expect(found(batches, 1, { channelNumber: 2 })).toBe(undefined);
    expect(found(batches, 1, { messagesMax: 3 })).toBe(undefined);
    expect(found(batches, 1, { bytesMax: 999 })).toBe(undefined);
    expect(found(batches, 1, { until: 3 })).toBe(undefined);
    expect(found(batches, 1, { until: 4 })).toEqual([1, 2, 3, 4]);
  });

  it("is not given where it ended with the log and the log is longer now", () => {
    const batches = new ReadBatches(10_000, new VirtualClock());
    batches.add(batch(1, 2, { until: 2 }));
    expect(found(batches, 1, { until: 2 })).toEqual([1, 2]);
    expect(found(batches, 1, { until: 3 })).toBe(undefined);
    batches.add(batch(1, 3, { until: 3 }));
    expect(found(batches, 1, { until: 3 })).toEqual([1, 2, 3]);
  });

  it("is let go of, the oldest first, where its bytes have no room", () => {
    const batches = new ReadBatches(2 * (100 + 128), new VirtualClock());
    batches.add(batch(1, 1));
    batches.add(batch(2, 2));
    expect([found(batches, 1), found(batches, 2)]).toEqual([[1], [2]]);
    batches.add(batch(3, 3));
    expect([found(batches, 1), found(batches, 2), found(batches, 3)]).toEqual([undefined, [2], [3]]);
    batches.add(batch(4, 4, { bytes: 1000 }));
    expect([2, 3, 4].map((first) => found(batches, first))).toEqual([undefined, undefined, undefined]);
    batches.add(batch(5, 5));
    expect(found(batches, 5)).toEqual([5]);
  });

  it("is never more than 64 batches", () => {
    const batches = new ReadBatches(1e9, new VirtualClock());
    for (let first = 1; first <= 65; first++) batches.add(batch(first, first, { until: 100 }));
    expect([found(batches, 1, { until: 100 }), found(batches, 2, { until: 100 })]).toEqual([undefined, [2]]);
  });

  it("holds nothing of a batch without messages", () => {
    const batches = new ReadBatches(10_000, new VirtualClock());
    batches.add(batch(1, 0));
    expect(found(batches, 1)).toBe(undefined);
  });
});
