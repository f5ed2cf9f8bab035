import type { JobEnd } from "../pipeline/job-store.js";
import { expectSame, expectThat } from "./expectation.js";
import { deadIds } from "./job-cases.js";
import { delivered, type PipelineCase, type PipelineTrial } from "./pipeline-trial.js";
import { numbers, trialWindow } from "./store-trial.js";

/** A repeat may have been under way this long, in milliseconds. */
const TRAVEL_MS = 60_000;

/** What a store remembers of messages that ended. */
export const jobEndCases: readonly PipelineCase[] = [
  {
    name: "remembers how a message ended, and keeps nothing else of it",
    async run(trial) {
      const ends: readonly JobEnd[] = [
        delivered,
        { kind: "dropped" },
        { kind: "rejected", reason: '"no"' },
        { kind: "discarded" },
      ];
      const heads = await trial.accept(...ends.map(({ kind }) => kind), "other");
      const last = heads[3];
      expectThat(last !== undefined, "it has a head");
      await trial.jobs.change([trial.failed("dead", last)]);
      await trial.jobs.change(heads.slice(0, 4).map((head, index) => trial.ended(head, head.id, ends[index])));
      for (const end of ends) {
        const { channel, origin, principal } = trial.jobDraft(end.kind);
        const expected = { kind: "ended", end, channel, origin, principal };
        expectSame(await trial.jobs.find(end.kind), expected, "an id leads to its message's end");
      }
      expectSame(await trial.ids(), ["other"], "it has no head any more");
      const read = await trial.jobs.read(heads.map(({ sequence }) => sequence));
      expectSame(
        read.map((job) => job?.id ?? ""),
        ["", "", "", "", "other"],
        "it cannot be read",
      );
      expectSame([await deadIds(trial, {}), await deadIds(trial, { queue: "q" })], [[], []], "it is no dead letter");
    },
  },
  {
    name: "finds a message that waits by its id",
    async run(trial) {
      const [head] = await trial.accept("m1");
      expectThat(head !== undefined, "it has a head");
      await trial.jobs.change([{ kind: "begun", sequence: head.sequence, attempts: 1 }]);
      expectSame(
        await trial.jobs.find("m1"),
        { kind: "job", job: await trial.job(head) },
        "an id leads to its message",
      );
      expectSame(await trial.jobs.find("m2"), undefined, "one that is not known leads nowhere");
    },
  },
  {
    name: "recognises a repeat of a message that ended",
    async run(trial) {
      const [head] = await trial.accept("m1");
      expectThat(head !== undefined, "it has a head");
      const since = trial.time;
      await trial.jobs.change([trial.ended(head, "m1"), trial.ended(head, "m1")]);
      trial.clock.advance(trialWindow.windowMs - 1);
      expectSame(await trial.acceptAgain("m1", { firstSentAt: since }), "repeat", "it is a repeat within the window");
      expectSame(await trial.ids(), [], "and not kept again");
    },
  },
  {
    name: "keeps no repeat of a message that ended before its window",
    async run(trial) {
      const since = trial.time;
      await endOne(trial, "m1");
      trial.clock.advance(trialWindow.windowMs + 1);
      for (const number of numbers(1, 3)) await endOne(trial, `later${number}`);
      await expectNotKept(trial, "m1", since);
      expectThat((await trial.jobs.find("m1")) === undefined, "its end is not remembered");
      const fresh = trial.time - trialWindow.windowMs + TRAVEL_MS;
      expectSame(
        await trial.acceptAgain("m9", { firstSentAt: fresh }),
        "accepted",
        "a message that was sent again, and cannot be one that was forgotten, is kept",
      );
    },
  },
  {
    name: "remembers so many messages that ended, and no more",
    async run(trial) {
      const since = trial.time;
      const all = trialWindow.windowMessagesMax * 5;
      for (const number of numbers(1, all)) await endOne(trial, `m${number}`);
      for (const number of numbers(all - trialWindow.windowMessagesMax + 1, all)) {
        const again = await trial.acceptAgain(`m${number}`, { firstSentAt: since });
        expectSame(again, "repeat", "the newest are recognised");
      }
      await expectNotKept(trial, "m1", since);
      expectThat((await trial.jobs.find("m1")) === undefined, "the oldest are not remembered");
    },
  },
  {
    name: "gives no place twice",
    async run(trial) {
      const [first, second] = await trial.accept("m1", "m2");
      expectThat(first !== undefined && second !== undefined, "both have heads");
      await trial.jobs.change([trial.ended(second, "m2"), trial.ended(first, "m1")]);
      const [third] = await trial.accept("m3");
      expectThat((third?.sequence ?? 0) > second.sequence, "a new message is behind all that there were");
    },
  },
];

/** Accept a message, and end it. */
export async function endOne(trial: PipelineTrial, id: string): Promise<void> {
  const [head] = await trial.accept(id);
  expectThat(head !== undefined, "it has a head");
  await trial.jobs.change([trial.ended(head, id)]);
}

/** See that a repeat from back then is not kept. */
export async function expectNotKept(trial: PipelineTrial, id: string, firstSentAt: number): Promise<void> {
  const outcome = await trial.acceptAgain(id, { firstSentAt });
  expectThat(
    outcome === "unknown" || outcome === "repeat",
    `a repeat from before the window is unknown, or still recognised; it was ${outcome}`,
  );
}
