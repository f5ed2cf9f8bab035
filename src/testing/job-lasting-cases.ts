import { trialWindow, numbers } from "./store-trial.js";
import { expectSame, expectThat } from "./expectation.js";
import { deadIds } from "./job-cases.js";
import { endOne, expectNotKept } from "./job-end-cases.js";
import { delivered, type PipelineCase } from "./pipeline-trial.js";

/** What a store of queued messages has that was closed and opened again. */
export const lastingJobCases: readonly PipelineCase[] = [
  {
    name: "has every message when it is opened again, as it was",
    async run(trial) {
      const heads = await trial.accept("m1", "m2", trial.jobDraft("m3", { dueAt: trial.time + 9 }), "m4");
      const [first, second, , last] = heads;
      expectThat(first !== undefined && second !== undefined && last !== undefined, "each has a head");
      await trial.jobs.change([
        { kind: "begun", sequence: first.sequence, attempts: 1 },
        trial.failed("failed", first),
      ]);
      await trial.jobs.change([trial.failed("dead", second)]);
      await trial.jobs.change([trial.failed("dead", last)]);
      await trial.jobs.change([{ kind: "redriven", sequence: last.sequence, payload: '"other"' }]);
      const before = await trial.jobs.read(heads.map(({ sequence }) => sequence));
      const headsBefore = await trial.jobs.heads(0, 10);
      await trial.reopen();
      expectSame(await trial.jobs.read(heads.map(({ sequence }) => sequence)), before, "each message is there");
      expectSame(await trial.jobs.heads(0, 10), headsBefore, "so are their heads");
      expectSame(await deadIds(trial, {}), ["m2"], "so are the dead letters");
      expectSame(await deadIds(trial, { queue: "q" }), ["m2"], "by their queues as well");
      expectSame(await trial.acceptAgain("m1"), "repeat", "a repeat is recognised");
    },
  },
  {
    name: "gives no place twice when it is opened again",
    async run(trial) {
      const [first, second] = await trial.accept("m1", "m2");
      expectThat(first !== undefined && second !== undefined, "both have heads");
      await trial.jobs.change([trial.ended(first, "m1"), trial.ended(second, "m2")]);
      await trial.reopen();
      const [third] = await trial.accept("m3");
      expectThat((third?.sequence ?? 0) > second.sequence, "a new message is behind all that there were");
    },
  },
  {
    name: "knows how messages ended when it is opened again",
    async run(trial) {
      const since = trial.time;
      await endOne(trial, "m1");
      await trial.reopen();
      const { channel, origin, principal } = trial.jobDraft("m1");
      const expected = { kind: "ended", end: delivered, channel, origin, principal };
      expectSame(await trial.jobs.find("m1"), expected, "an id leads to its message's end");
      expectSame(await trial.acceptAgain("m1", { firstSentAt: since }), "repeat", "a repeat is recognised");
    },
  },
  {
    name: "keeps no repeat from before its window when it is opened again",
    async run(trial) {
      const since = trial.time;
      for (const number of numbers(1, trialWindow.windowMessagesMax * 5)) await endOne(trial, `m${number}`);
      await trial.reopen();
      await expectNotKept(trial, "m1", since);
    },
  },
  {
    name: "has what was accepted as it was closed",
    async run(trial) {
      const underWay = Promise.allSettled([trial.accept("m1"), trial.accept("m2")]);
      await trial.reopen();
      const statuses = (await underWay).map(({ status }) => status);
      expectSame(statuses, ["fulfilled", "fulfilled"], "what had begun is acknowledged");
      expectSame(await trial.ids(), ["m1", "m2"], "what was acknowledged is there");
    },
  },
];

/** What a store of queued messages does that keeps nothing. */
export const passingJobCases: readonly PipelineCase[] = [
  {
    name: "begins with no messages when it is opened again",
    async run(trial) {
      await trial.accept("m1");
      await endOne(trial, "m2");
      await trial.reopen();
      expectSame(await trial.ids(), [], "nothing waits");
      for (const id of ["m1", "m2"]) expectSame(await trial.jobs.find(id), undefined, "no id is known");
    },
  },
];
