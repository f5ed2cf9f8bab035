import { describe, expect, it } from "vitest";
import { readAccepted, readCounters, readEnd, readKnown, readProgress, readQueue } from "./job-records.js";
import { jsonRecord, sequenceKey } from "./records.js";

const key = sequenceKey(7);
const accepted = {
  id: "m1",
  queue: "orders/:id",
  channel: "orders/Zoë",
  key: "k",
  payload: '{"text":"😀"}',
  principal: '{"id":"ada"}',
  at: 1.5,
  origin: { producer: "p", sequence: 2 ** 40 },
  bytes: 400,
};
const ended = {
  kind: "ended",
  end: { kind: "rejected", reason: '"no"' },
  channel: "a",
  origin: { producer: "p", sequence: 1 },
  principal: "{}",
};
const failures = [{ attempt: 1, at: 5, error: "no" }];

describe("a record", () => {
  it.each([
    ["of a job", accepted, readAccepted],
    ["of a job that is due later", { ...accepted, dueAt: 9 }, readAccepted],
    ["of what became of one", { attempts: 1, failures, state: "dead" }, readProgress],
    [
      "of what became of one that is due at once",
      { attempts: 0, failures, state: "waiting", dueAt: null },
      readProgress,
    ],
    ["of an id whose job is there", { sequence: 2 ** 40 }, readKnown],
    ["of an id whose job ended", ended, readKnown],
    ["of an end", { id: "m1", at: 1.5 }, readEnd],
    ["of the counters", { lastSequence: 3, forgottenAt: 1.5 }, readCounters],
    ["of the counters where nothing was forgotten", { lastSequence: 0, forgottenAt: null }, readCounters],
    ["of a dead letter's queue", "orders/:id", readQueue],
    ["of a queue that is not known", "", readQueue],
  ])("%s is read as it was written, and not at all where it is damaged or another's", (_what, value, read) => {
    const record = jsonRecord(key, value);
    expect(read(key, record)).toEqual(value);
    expect(read(sequenceKey(8), record)).toBeUndefined();
    expect(read(key, record.subarray(0, -1))).toBeUndefined();
    for (let index = 0; index < record.length; index++) {
      const flipped = Buffer.from(record);
      flipped[index] = (flipped[index] ?? 0) ^ 1;
      expect(read(key, flipped)).toBeUndefined();
    }
  });

  it.each([
    [readAccepted, accepted],
    [readProgress, { attempts: 1, failures, state: "waiting" }],
    [readKnown, ended],
    [readKnown, { sequence: 1 }],
    [readEnd, { id: "m1", at: 1 }],
    [readCounters, { lastSequence: 1, forgottenAt: null }],
  ])("is of its kind only with all that belongs to it", (read, value) => {
    for (const missing of Object.keys(value)) {
      const rest = Object.fromEntries(Object.entries(value).filter(([name]) => name !== missing));
      expect(read(key, jsonRecord(key, rest)), `without ${missing}`).toBeUndefined();
    }
    for (const other of [null, 5, "text", []]) expect(read(key, jsonRecord(key, other))).toBeUndefined();
  });

  it("of a queue is nothing but a text", () => {
    for (const other of [null, 5, [], accepted]) expect(readQueue(key, jsonRecord(key, other))).toBeUndefined();
  });

  it("has no time to be due at where none was said", () => {
    const read = readAccepted(key, jsonRecord(key, { ...accepted, dueAt: undefined }));
    expect(read).toEqual(accepted);
    const progress = { attempts: 1, failures: [], state: "waiting" };
    expect(readProgress(key, jsonRecord(key, progress))?.dueAt).toBeUndefined();
    expect(readProgress(key, jsonRecord(key, { ...progress, dueAt: null }))?.dueAt).toBeNull();
  });
});
