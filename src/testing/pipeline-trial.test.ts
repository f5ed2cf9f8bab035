import { afterEach, beforeEach, expect, it } from "vitest";
import { memoryPipelinePlace } from "../../test/support/pipeline-places.js";
import { PipelineTrial } from "./pipeline-trial.js";
import { SeededRandom } from "./seeded-random.js";

let trial: PipelineTrial;
beforeEach(async () => {
  trial = new PipelineTrial({ place: memoryPipelinePlace(), random: new SeededRandom(1), durability: "memory" });
  await trial.begin();
});
afterEach(() => trial.end());

it("a trial has a store from its beginning to its end", async () => {
  const { store } = trial;
  expect([trial.jobs, trial.groups]).toEqual([store.jobs, store.groups]);
  await trial.reopen();
  expect(trial.store).not.toBe(store);
  await trial.end();
  await trial.end();
  expect(() => trial.store).toThrow("the store was opened");
});

it("a trial takes no other answer than those that it asks for", async () => {
  const [head] = await trial.accept("m1", trial.jobDraft("m2", { key: "other" }));
  if (head === undefined) throw new Error("it has a head");
  expect([(await trial.job(head)).key, await trial.ids(), await trial.acceptAgain("m1")]).toEqual([
    "k",
    ["m1", "m2"],
    "repeat",
  ]);
  await expect(trial.accept("m1")).rejects.toThrow("a new message is accepted; it was repeat");
  await expect(trial.job({ ...head, sequence: 9 })).rejects.toThrow("the message at place 9 is there");
  trial.jobs.accept = async () => [];
  await expect(trial.accept("m3")).rejects.toThrow("1 drafts have as many answers, not 0");
  await expect(trial.acceptAgain("m3")).rejects.toThrow("a draft has an answer");
});

it("a trial reads what it appended", async () => {
  await trial.open("a", "b");
  await trial.store.append("b", [trial.draft("1", { producer: "p", sequence: 1, firstSentAt: undefined })]);
  expect([await trial.payloads("a"), await trial.payloads("b")]).toEqual([[], ["1"]]);
  expect(await trial.store.find("b", { producer: "p", sequence: 1 })).toBe(1);
});

it("a trial fails a message once more, later, or for the last time", async () => {
  const [head] = await trial.accept("m1");
  if (head === undefined) throw new Error("it has a head");
  const failure = { attempt: 2, at: trial.time, error: "no 2" };
  const { sequence } = head;
  expect(trial.failed("failed", head, 2)).toEqual({ kind: "failed", sequence, failure, dueAt: trial.time + 2 });
  expect(trial.failed("dead", head, 2)).toEqual({ kind: "dead", sequence, failure });
});
