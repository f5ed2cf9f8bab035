import { describe, expect, it } from "vitest";
import {
  behindQueueKey,
  endKey,
  isIntact,
  jsonRecord,
  messageRecord,
  nameKey,
  nameOf,
  offsetKey,
  offsetOf,
  originRecord,
  queueKey,
  queueSequenceOf,
  readJson,
  readMessage,
  readOrigin,
  readWindow,
  sequenceKey,
  sequenceOf,
  windowRecord,
} from "./records.js";

const key = offsetKey(7, 9);

describe("a key", () => {
  it("keeps the order of offsets and of channels", () => {
    const keys = [
      offsetKey(1, 1),
      offsetKey(1, 255),
      offsetKey(1, 256),
      offsetKey(1, 2 ** 40),
      endKey(1),
      offsetKey(2, 0),
    ];
    expect(keys.toSorted((one, other) => Buffer.compare(one, other))).toEqual(keys);
    expect([offsetOf(offsetKey(3, 2 ** 47)), nameOf(nameKey(3, "Zoë"))]).toEqual([2 ** 47, "Zoë"]);
  });
});

describe("a sequence's key", () => {
  it("keeps the order, also within a queue", () => {
    const keys = [
      queueKey("a", sequenceKey(1)),
      queueKey("a", sequenceKey(256)),
      behindQueueKey("a"),
      queueKey("a/b", sequenceKey(1)),
      queueKey("b", sequenceKey(1)),
    ];
    expect(keys.toSorted((one, other) => Buffer.compare(one, other))).toEqual(keys);
    const last = 2 ** 47;
    expect([sequenceOf(sequenceKey(last)), queueSequenceOf(queueKey("a", sequenceKey(last)))]).toEqual([last, last]);
  });
});

describe("a record", () => {
  it.each([
    ["a message", messageRecord(key, { payload: '{"text":"😀"}', from: "Zoë", at: 1.5 }), readMessage],
    ["an origin", originRecord(key, { offset: 2 ** 40, at: 5 }), readOrigin],
    ["a window's entry", windowRecord(key, 5, "p:1"), readWindow],
    ["anything", jsonRecord(key, { a: [1, null] }), readJson],
  ])("of %s is read as it was written, and every flipped bit in it is seen", (what, record, read) => {
    expect(isIntact(key, record)).toBe(true);
    expect(read(record)).toEqual(
      {
        "a message": { payload: '{"text":"😀"}', from: "Zoë", at: 1.5 },
        "an origin": { offset: 2 ** 40, at: 5 },
        "a window's entry": { at: 5, originName: "p:1" },
        anything: { a: [1, null] },
      }[what],
    );
    for (let bit = 0; bit < record.length * 8; bit++) {
      const flipped = Buffer.from(record);
      flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      expect(isIntact(key, flipped)).toBe(false);
    }
  });

  it("is not intact under another's key, nor where it is too short to have a seal", () => {
    expect(isIntact(offsetKey(7, 8), jsonRecord(key, 1))).toBe(false);
    expect(isIntact(key, Buffer.alloc(3))).toBe(false);
  });
});
