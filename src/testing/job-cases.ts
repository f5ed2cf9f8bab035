import { failuresKeptMax, type DeadRange, type JobChange } from "../pipeline/job-store.js";
import { expectRejection, expectSame, expectThat } from "./expectation.js";
import type { PipelineCase, PipelineTrial } from "./pipeline-trial.js";
import { numbers } from "./store-trial.js";

/** What a store does with messages that wait, and with dead letters. */
export const jobCases: readonly PipelineCase[] = [
  {
    name: "keeps what it accepts, each message at a place of its own, in their order",
    async run(trial) {
      const drafts = [trial.jobDraft("m1", { key: "k1" }), trial.jobDraft("m2", { queue: "r", payload: '{"ä":"😀"}' })];
      const heads = [...(await trial.accept(...drafts)), ...(await trial.accept("m3"))];
      const sequences = heads.map(({ sequence }) => sequence);
      expectSame(
        sequences,
        sequences.toSorted((one, other) => one - other),
        "places go up",
      );
      expectSame(new Set(sequences).size, 3, "no two have the same place");
      expectThat((sequences[0] ?? 0) >= 1, "places begin at 1");
      expectSame(await trial.jobs.heads(0, 10), heads, "the heads are those that were given");
      const [first, second] = await trial.jobs.read(sequences);
      for (const [job, draft] of [first, second].map((one, index) => [one, drafts[index]] as const)) {
        const { bytes, ...rest } = job ?? { bytes: 0 };
        expectThat(bytes > 0, "a message takes up some bytes");
        const sequence = job?.sequence;
        expectSame(
          rest,
          { ...draft, sequence, attempts: 0, state: "waiting", failures: [] },
          "it is as it was accepted",
        );
      }
    },
  },
  {
    name: "keeps each message once",
    async run(trial) {
      const kinds = async (...ids: string[]): Promise<string[]> =>
        (await trial.jobs.accept(ids.map((id) => trial.jobDraft(id)))).map(({ kind }) => kind);
      expectSame(
        await kinds("m1", "m1", "m2"),
        ["accepted", "repeat", "accepted"],
        "drafts of one call can be repeats",
      );
      expectSame(await kinds("m2", "m3"), ["repeat", "accepted"], "so can those of another");
      const both = await Promise.all([kinds("m4"), kinds("m4")]);
      expectSame(both.flat().toSorted(), ["accepted", "repeat"], "so can those of two at once");
      expectSame(await trial.ids(), ["m1", "m2", "m3", "m4"], "each is there once");
    },
  },
  {
    name: "gives the heads page by page",
    async run(trial) {
      const ids = numbers(1, 25).map((number) => `m${number}`);
      const heads = await trial.accept(...ids);
      await trial.jobs.change(heads.slice(6, 12).map((head, index) => trial.ended(head, `m${index + 7}`)));
      const seen: string[] = [];
      for (let after = 0; ;) {
        const page = await trial.jobs.heads(after, 4);
        const last = page.at(-1);
        if (last === undefined) break;
        expectThat(page.length <= 4, `a page has at most 4 heads; it was ${page.length}`);
        expectThat(last.sequence > after, "a page is behind the one before it");
        after = last.sequence;
        seen.push(...page.map(({ id }) => id));
      }
      expectSame(
        seen,
        [...ids.slice(0, 6), ...ids.slice(12)],
        "all are seen, in their order, but for those that ended",
      );
    },
  },
  {
    name: "keeps when a message is due",
    async run(trial) {
      const [head, other] = await trial.accept(trial.jobDraft("m1", { dueAt: trial.time + 5_000 }), "m2");
      expectThat(head !== undefined && other !== undefined, "both have heads");
      expectSame([head.dueAt, other.dueAt], [trial.time + 5_000, undefined], "a head says when it is due");
      await trial.jobs.change([{ kind: "begun", sequence: head.sequence, attempts: 1 }, trial.failed("failed", head)]);
      expectSame((await trial.job(head)).dueAt, trial.time + 1, "after a failure it is due when it is tried again");
    },
  },
  {
    name: "counts attempts, and keeps why the first one and the newest failed",
    async run(trial) {
      const [head] = await trial.accept("m1");
      expectThat(head !== undefined, "it has a head");
      await trial.jobs.change([{ kind: "begun", sequence: head.sequence, attempts: 1 }]);
      expectSame((await trial.job(head)).attempts, 1, "an attempt counts when it begins");
      const all = numbers(1, failuresKeptMax + 5);
      for (const attempt of all) {
        await trial.jobs.change([{ kind: "begun", sequence: head.sequence, attempts: attempt }]);
        await trial.jobs.change([trial.failed("failed", head, attempt)]);
      }
      const { attempts, failures, state } = await trial.job(head);
      expectSame([attempts, state], [all.length, "waiting"], "all attempts are counted");
      const kept = [1, ...all.slice(-(failuresKeptMax - 1))];
      const expected = kept.map((attempt) => ({ attempt, at: trial.time, error: `no ${attempt}` }));
      expectSame(failures, expected, "the first failure and the newest are kept");
      expectSame((await trial.jobs.heads(0, 1))[0]?.attempts, all.length, "a head counts attempts, too");
    },
  },
  {
    name: "lets a change build on those before it, whether they are done or not",
    async run(trial) {
      const [one, other] = await trial.accept("m1", "m2");
      expectThat(one !== undefined && other !== undefined, "both have heads");
      const { sequence } = one;
      await Promise.all([
        trial.jobs.change([{ kind: "begun", sequence, attempts: 1 }]),
        trial.jobs.change([trial.failed("failed", one, 1)]),
        trial.jobs.change([{ kind: "begun", sequence, attempts: 2 }, trial.failed("dead", one, 2)]),
        trial.jobs.change([
          trial.ended(other, "m2"),
          { kind: "redriven", sequence: other.sequence, payload: '"again"' },
        ]),
      ]);
      const { attempts, failures, state } = await trial.job(one);
      expectSame([attempts, state], [2, "dead"], "each change is there");
      const failed = failures.map(({ attempt }) => attempt);
      expectSame(failed, [1, 2], "both failures are kept");
      expectSame(await trial.ids(), ["m1"], "what ended does not come back");
    },
  },
  {
    name: "leaves out what is asked of messages that are not there",
    async run(trial) {
      const [head] = await trial.accept("m1");
      expectThat(head !== undefined, "it has a head");
      const gone = { ...head, sequence: head.sequence + 10 };
      const { sequence } = gone;
      const changes: readonly JobChange[] = [
        { kind: "begun", sequence, attempts: 1 },
        trial.failed("failed", gone),
        trial.failed("dead", gone),
        { kind: "redriven", sequence, payload: "1" },
        trial.ended(gone, "m9"),
      ];
      for (const change of changes) await trial.jobs.change([change]);
      expectSame(
        await trial.jobs.read([sequence, head.sequence]),
        [null, await trial.job(head)],
        "none has come of it",
      );
      expectSame(
        [await trial.ids(), await deadIds(trial, {})],
        [["m1"], []],
        "neither in the queue nor among the dead",
      );
      expectSame(await trial.jobs.find("m9"), undefined, "nor is its id known");
    },
  },
  {
    name: "lists dead letters of one queue or of all, page by page",
    async run(trial) {
      const queues = ["q", "r", "q", "q/r", "r", "q"];
      const heads = await trial.accept(...queues.map((queue, index) => trial.jobDraft(`m${index + 1}`, { queue })));
      expectSame(await deadIds(trial, {}), [], "what waits is no dead letter");
      // Not in the order in which they were accepted.
      for (const index of [5, 0, 3, 1, 2]) {
        const head = heads[index];
        expectThat(head !== undefined, "it has a head");
        await trial.jobs.change([trial.failed("dead", head)]);
      }
      expectSame(await deadIds(trial, {}), ["m1", "m2", "m3", "m4", "m6"], "all are listed in their order");
      expectSame(await deadIds(trial, { queue: "q" }), ["m1", "m3", "m6"], "those of a queue by themselves");
      expectSame(await deadIds(trial, { queue: "r" }), ["m2"], "those of another");
      expectSame(await deadIds(trial, { queue: "s" }), [], "there are none of a queue without any");
      const page = { queue: "q", after: heads[0]?.sequence ?? 0, max: 1 };
      expectSame(await deadIds(trial, page), ["m3"], "a page begins behind a place, and has so many");
      expectSame(
        (await trial.jobs.heads(0, 10)).map(({ state }) => state === "dead"),
        heads.map((_, index) => index !== 4),
        "their heads say so",
      );
    },
  },
  {
    name: "has a dead letter wait again as if it was new, with another message where there is one",
    async run(trial) {
      const [one, other] = await trial.accept("m1", "m2");
      expectThat(one !== undefined && other !== undefined, "both have heads");
      for (const head of [one, other]) {
        const { sequence } = head;
        await trial.jobs.change([{ kind: "begun", sequence, attempts: 1 }, trial.failed("failed", head)]);
        await trial.jobs.change([{ kind: "begun", sequence, attempts: 2 }, trial.failed("dead", head, 2)]);
      }
      await trial.jobs.change([{ kind: "redriven", sequence: one.sequence, payload: undefined }]);
      await trial.jobs.change([{ kind: "redriven", sequence: other.sequence, payload: '"other"' }]);
      for (const [head, payload] of [
        [one, '"m1"'],
        [other, '"other"'],
      ] as const) {
        const job = await trial.job(head);
        expectSame([job.state, job.attempts, job.dueAt], ["waiting", 0, undefined], "it waits, and nothing was tried");
        expectSame(job.payload, payload, "its message is the one that it is to be");
        expectSame(job.failures.length, 2, "why it failed before is kept");
      }
      expectSame(await deadIds(trial, {}), [], "they are no dead letters any more");
      expectSame(await deadIds(trial, { queue: "q" }), [], "nor are they those of their queue");
      await trial.jobs.change([trial.failed("dead", one, 1)]);
      expectSame(await deadIds(trial, { queue: "q" }), ["m1"], "one can become a dead letter again");
    },
  },
  {
    name: "takes nothing more once it is closed",
    async run(trial) {
      const [head] = await trial.accept("m1");
      expectThat(head !== undefined, "it has a head");
      const { jobs } = trial;
      await trial.end();
      await expectRejection(() => jobs.accept([trial.jobDraft("m2")]), undefined, "a message is refused");
      await expectRejection(() => jobs.change([trial.ended(head, "m1")]), undefined, "a change is refused");
    },
  },
  {
    name: "ends what is under way when it is closed",
    async run(trial) {
      const [head] = await trial.accept("m1");
      expectThat(head !== undefined, "it has a head");
      const underWay = Promise.allSettled([
        trial.accept("m2"),
        trial.accept("m3"),
        trial.jobs.change([trial.ended(head, "m1")]),
      ]);
      await trial.end();
      const statuses = (await underWay).map(({ status }) => status);
      expectSame(statuses, ["fulfilled", "fulfilled", "fulfilled"], "what had begun resolves");
    },
  },
];

/** The ids of dead letters. */
export async function deadIds(trial: PipelineTrial, range: Partial<DeadRange>): Promise<readonly string[]> {
  const { after = 0, max = 100, queue } = range;
  return (await trial.jobs.dead({ queue, after, max })).map(({ id }) => id);
}
