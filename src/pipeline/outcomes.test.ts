import { expect, it } from "vitest";
import { freshJob } from "./job-store.js";
import { endOf, endStageOf, outputsOf } from "./outcomes.js";
import type { Produced } from "./production.js";

const draft = {
  id: "m",
  queue: "q",
  channel: "c/1",
  key: "k",
  payload: "1",
  principal: '{"id":"ada"}',
  at: 5,
  dueAt: undefined,
  origin: { producer: "p", sequence: 3 },
  firstSentAt: undefined,
};
const job = freshJob(draft, { sequence: 1, bytes: 300 });
const emitted = [{ channel: "d/1", payload: "2" }];
const kept: Produced = { kind: "outputs", payload: "1", emitted };
const dropped: Produced = { kind: "outputs", payload: undefined, emitted };
const rejected: Produced = { kind: "rejected", reason: { why: "rude" } };

it("a message comes out with its publish's origin, and what was emitted behind it with origins of its own", () => {
  const own = { payload: "1", from: "ada", at: 7, origin: { producer: "p", sequence: 3, firstSentAt: undefined } };
  const origin = { producer: "message.m", sequence: 2, firstSentAt: undefined };
  const other = { payload: "2", from: "ada", at: 7, origin };
  expect(outputsOf(job, kept, 7)).toEqual([
    { channel: "c/1", message: own },
    { channel: "d/1", message: other },
  ]);
  expect(outputsOf(job, dropped, 7)).toEqual([{ channel: "d/1", message: other }]);
  expect(outputsOf(job, rejected, 7)).toEqual([]);
});

it("an end is told as it is kept, and a group's message has been delivered before", () => {
  const ends = [kept, dropped, rejected].map((produced) => endOf(produced, false));
  expect(ends).toEqual([{ kind: "delivered" }, { kind: "dropped" }, { kind: "rejected", reason: '{"why":"rude"}' }]);
  expect(endOf(dropped, true)).toEqual({ kind: "delivered" });
  const nothing: Produced = { kind: "rejected", reason: undefined };
  expect(endOf(nothing, false)).toEqual({ kind: "rejected", reason: "null" });
  const position = { epoch: "e", offset: 9 };
  expect(endStageOf(kept, false, position)).toEqual({ stage: "delivered", position });
  expect(endStageOf(kept, false, undefined)).toEqual({ stage: "delivered" });
  expect(endStageOf(dropped, false, undefined)).toEqual({ stage: "dropped" });
  expect(endStageOf(rejected, false, undefined)).toEqual({ stage: "rejected", reason: { why: "rude" } });
});
