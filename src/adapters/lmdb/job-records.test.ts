import { expect, it } from "vitest";
import { ownOrigin } from "../../pipeline/message-id.js";
import { acceptedJob, readAccepted, readCounters, readEnd, readKnown, readProgress, readQueue } from "./job-records.js";
import { jsonRecord, sequenceKey } from "./records.js";

const key = sequenceKey(7);
const draft = {
  id: "m",
  queue: "q",
  channel: "c",
  key: "k",
  payload: '{"text":"ä"}',
  principal: '{"id":"ada"}',
  at: 5,
  dueAt: undefined,
  origin: ownOrigin("m"),
  firstSentAt: 3,
};
const { dueAt: _, ...accepted } = acceptedJob(draft, 400);
const ended = { kind: "ended", end: { kind: "delivered" }, channel: "c", origin: ownOrigin("m"), principal: "{}" };

const kinds = [
  ["a message that was accepted", readAccepted, accepted],
  ["a message's progress", readProgress, { attempts: 2, failures: [], state: "dead", dueAt: null }],
  ["an id of a message that waits", readKnown, { sequence: 7 }],
  ["an id of a message that ended", readKnown, ended],
  ["an end", readEnd, { id: "m", at: 9 }],
  ["the counters", readCounters, { lastSequence: 7, forgottenAt: null }],
  ["a dead letter's queue", readQueue, "q"],
] as const;

it.each(kinds)("%s is read as it was written", (_name, read, value) => {
  expect(read(key, jsonRecord(key, value))).toEqual(value);
});

it.each(kinds)("%s is not read where a bit has changed, or under another key", (_name, read, value) => {
  const record = jsonRecord(key, value);
  expect(read(sequenceKey(8), record)).toBeUndefined();
  record.writeUInt8(record.readUInt8(record.length - 2) ^ 1, record.length - 2);
  expect(read(key, record)).toBeUndefined();
});

it.each(kinds)("%s is not read where something else was written", (_name, read) => {
  for (const other of [null, 5, [], {}]) expect(read(key, jsonRecord(key, other))).toBeUndefined();
});

it("a message is kept without what is known of its repeats alone", () => {
  expect(acceptedJob(draft, 400)).not.toHaveProperty("firstSentAt");
});
