import type { Appended, Batch } from "../hub/store.js";
import { expectRejection, expectSame, expectThat } from "./expectation.js";
import type { PipelineCase, PipelineTrial } from "./pipeline-trial.js";
import { originOf } from "./store-trial.js";

/** What a store does with appends to several logs at once. */
export const logTransactionCases: readonly PipelineCase[] = [
  {
    name: "appends to several logs, and ends messages with them",
    async run(trial) {
      await trial.open("a", "b");
      const [one, other] = await trial.accept("m1", "m2");
      expectThat(one !== undefined && other !== undefined, "both have heads");
      const rider = trial.jobs.rider([
        trial.ended(one, "m1"),
        { kind: "begun", sequence: other.sequence, attempts: 3 },
      ]);
      expectSame(await trial.ids(), ["m1", "m2"], "a rider does nothing by itself");
      const appended = await trial.store.appendAll([batch(trial, "b", "1", "2"), batch(trial, "a", "3")], rider);
      expectSame(
        appended.map(said),
        [["b 1", "b 2"], ["a 1"]],
        "each batch has its answers, in the order of the batches",
      );
      expectSame([await trial.payloads("a"), await trial.payloads("b")], [["3"], ["1", "2"]], "the messages are there");
      expectSame(await trial.ids(), ["m2"], "what the rider ended is over");
      expectSame((await trial.job(other)).attempts, 3, "what else it said is there, too");
    },
  },
  {
    name: "appends without a rider, and writes a rider without appends",
    async run(trial) {
      await trial.open("a");
      const [head] = await trial.accept("m1");
      expectThat(head !== undefined, "it has a head");
      expectSame(
        (await trial.store.appendAll([batch(trial, "a", "1")], undefined)).map(said),
        [["a 1"]],
        "it is appended",
      );
      expectSame(
        await trial.store.appendAll([], trial.jobs.rider([trial.ended(head, "m1")])),
        [],
        "no batch, no answer",
      );
      expectSame([await trial.payloads("a"), await trial.ids()], [["1"], []], "both are done");
      expectSame(await trial.store.appendAll([], undefined), [], "nothing at all is fine");
    },
  },
  {
    name: "recognises repeats in each log",
    async run(trial) {
      await trial.open("a", "b");
      const batches = (sequence: number): readonly Batch[] =>
        ["a", "b"].map((channel) => {
          const drafts = [trial.draft('"x"', originOf(1)), trial.draft('"y"', originOf(sequence))];
          return { channel, drafts };
        });
      expectSame(
        (await trial.store.appendAll(batches(1), undefined)).map(said),
        [
          ["a 1", "repeat 1"],
          ["b 1", "repeat 1"],
        ],
        "drafts of one batch can be repeats",
      );
      const again = await trial.store.appendAll(batches(2), undefined);
      expectSame(
        again.map(said),
        [
          ["repeat 1", "a 2"],
          ["repeat 1", "b 2"],
        ],
        "a log has each publish once",
      );
      expectSame(await trial.payloads("b"), ['"x"', '"y"'], "no more is there");
    },
  },
  {
    name: "goes on with each log where the one before ended",
    async run(trial) {
      await trial.open("a", "b");
      await trial.store.append("a", [trial.draft("1")]);
      await trial.store.appendAll([batch(trial, "a", "2"), batch(trial, "b", "1")], undefined);
      await trial.store.append("a", [trial.draft("3")]);
      await trial.store.appendAll([batch(trial, "a", "4")], undefined);
      expectSame(
        (await trial.read("a")).map(({ offset }) => offset),
        [1, 2, 3, 4],
        "there is no gap",
      );
      expectSame(
        [await trial.payloads("a"), await trial.payloads("b")],
        [["1", "2", "3", "4"], ["1"]],
        "all are there",
      );
    },
  },
  {
    name: "writes nothing where a part of it fails",
    async run(trial) {
      await trial.open("a", "b");
      const [head] = await trial.accept("m1");
      expectThat(head !== undefined, "it has a head");
      const both = [batch(trial, "a", "1"), batch(trial, "b", "1")];
      await expectFailing(trial, both);
      await trial.store.release("b");
      const rider = trial.jobs.rider([trial.ended(head, "m1")]);
      const appendAll = async (): Promise<unknown> => trial.store.appendAll(both, rider);
      await expectRejection(appendAll, undefined, "it fails with a log that is not open");
      await trial.open("b");
      expectSame([await trial.payloads("a"), await trial.payloads("b")], [[], []], "no log has anything of it");
      expectSame(await trial.ids(), ["m1"], "no message ended with it");
      const next = await trial.store.appendAll([batch(trial, "a", "2")], rider);
      expectSame(next.map(said), [["a 1"]], "the next one takes the place that was not taken");
    },
  },
  {
    name: "takes its turn among members that come and go",
    async run(trial) {
      await trial.open("a", "b");
      const { store } = trial;
      const present = (channel: string, member: string): Promise<void> =>
        store.present(channel, member, { id: "ada", state: "{}" });
      const both = (...channels: readonly string[]): Promise<unknown> =>
        store.appendAll(
          channels.map((channel) => batch(trial, channel, "1")),
          undefined,
        );
      await Promise.all([present("a", "m1"), both("a", "b"), present("b", "m1"), present("a", "m2")]);
      await Promise.all([present("b", "m2"), both("b", "a"), store.present("a", "m1", undefined)]);
      expectSame(
        [await trial.payloads("a"), await trial.payloads("b")],
        [
          ["1", "1"],
          ["1", "1"],
        ],
        "all of it is done",
      );
    },
  },
  {
    name: "ends a transaction that is under way when it is closed",
    async run(trial) {
      await trial.open("a", "b");
      const underWay = trial.store.appendAll([batch(trial, "a", "1"), batch(trial, "b", "1")], undefined);
      const settled = Promise.allSettled([underWay]);
      await trial.end();
      expectSame(
        (await settled).map(({ status }) => status),
        ["fulfilled"],
        "what had begun resolves",
      );
    },
  },
];

/** What a store has of transactions that was closed and opened again. */
export const lastingTransactionCases: readonly PipelineCase[] = [
  {
    name: "has all of a transaction when it is opened again",
    async run(trial) {
      await trial.open("a", "b");
      const heads = await trial.accept("m1", "m2");
      for (const head of heads) {
        const rider = trial.jobs.rider([trial.ended(head, head.id)]);
        await trial.store.appendAll([batch(trial, "a", `"${head.id}"`), batch(trial, "b", "1")], rider);
      }
      await trial.reopen();
      await trial.open("a", "b");
      expectSame(await trial.payloads("a"), ['"m1"', '"m2"'], "the messages are in their logs");
      expectSame(await trial.payloads("b"), ["1", "1"], "in all of them");
      expectSame(await trial.ids(), [], "and nothing waits");
    },
  },
  {
    name: "has nothing of a transaction that failed when it is opened again",
    async run(trial) {
      await trial.open("a", "b");
      await expectFailing(trial, [batch(trial, "a", "1"), batch(trial, "b", "1")]);
      await trial.reopen();
      await trial.open("a", "b");
      expectSame([await trial.payloads("a"), await trial.payloads("b")], [[], []], "no log has anything of it");
    },
  },
];

/** Begin a transaction that fails with its rider. */
async function expectFailing({ jobs, store }: PipelineTrial, batches: readonly Batch[]): Promise<void> {
  const { durability } = jobs.rider([]);
  const write = (): never => {
    throw new Error("this rider fails");
  };
  await expectRejection(() => store.appendAll(batches, { durability, write }), undefined, "it fails with its rider");
}

function batch(trial: PipelineTrial, channel: string, ...payloads: readonly string[]): Batch {
  return { channel, drafts: payloads.map((payload) => trial.draft(payload)) };
}

/** What became of drafts, in words. */
function said(outcomes: readonly Appended[]): readonly string[] {
  return outcomes.map((outcome) => {
    switch (outcome.kind) {
      case "appended":
        return `${outcome.message.channel} ${outcome.message.offset}`;
      case "repeat":
        return `repeat ${outcome.offset}`;
      case "unknown":
        return "unknown";
    }
  });
}
