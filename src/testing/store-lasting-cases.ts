import type { StoredMember } from "../hub/store.js";
import { expectSame, expectThat } from "./expectation.js";
import { numbers, originOf, trialWindow, type StoreCase, type StoreTrial } from "./store-trial.js";

/** What a store has that was closed and opened again. */
export const lastingCases: readonly StoreCase[] = [
  {
    name: "has everything when it is opened again",
    async run(trial) {
      const { epoch } = await trial.open("a");
      await trial.open("b", { keep: 2 });
      for (let cycle = 1; cycle <= 3; cycle++) {
        const appended = await trial.append("a", `"${cycle}"`, '"ä"');
        await trial.append("b", "1", "2", "3");
        await trial.reopen();
        const again = await trial.open("a");
        expectSame([again.epoch, again.head], [epoch, cycle * 2], "a log has its epoch and its head");
        const read = await trial.read("a", { until: cycle * 2 });
        expectSame(read.length, cycle * 2, "it has all its messages");
        expectSame(read.slice(-2), appended, "they are as they were appended");
        await trial.open("b", { keep: 2 });
        expectSame(await trial.offsets("b", cycle * 3), [cycle * 3 - 1, cycle * 3], "each log has its own");
      }
    },
  },
  {
    name: "has what was appended as it was closed",
    async run(trial) {
      await trial.open("a");
      const underWay = Promise.allSettled([trial.append("a", "1"), trial.append("a", "2")]);
      await trial.reopen();
      const statuses = (await underWay).map(({ status }) => status);
      expectSame(statuses, ["fulfilled", "fulfilled"], "what had begun is acknowledged");
      expectSame((await trial.open("a")).head, 2, "what was acknowledged is there");
      expectSame(await trial.offsets("a", 2), [1, 2], "and can be read");
    },
  },
  {
    name: "recognises repeats when it is opened again",
    async run(trial) {
      await trial.open("a", { keep: 1 });
      for (const sequence of numbers(1, 3)) await trial.publish("a", originOf(sequence));
      await trial.reopen();
      await trial.open("a", { keep: 1 });
      expectSame(await trial.store.find("a", originOf(1)), 1, "what was published is found");
      expectSame(await trial.publish("a", originOf(2, trial.time)), "repeat 2", "its repeat is recognised");
      expectSame(await trial.publish("a", originOf(4, trial.time)), "appended 4", "what was not published is appended");
    },
  },
  {
    name: "appends no repeat from before its window when it is opened again",
    async run(trial) {
      await trial.open("a");
      const since = trial.time;
      const all = trialWindow.windowMessagesMax * 5;
      await Promise.all(numbers(1, all).map((sequence) => trial.publish("a", originOf(sequence))));
      await trial.reopen();
      await trial.open("a");
      const outcome = await trial.publish("a", originOf(1, since));
      expectThat(
        outcome === "unknown" || outcome === "repeat 1",
        `a repeat of what is out of the window is unknown, or still recognised; it was: ${outcome}`,
      );
    },
  },
  {
    name: "gives nothing that became too old while it was closed",
    async run(trial) {
      await trial.open("a", { forMs: 60_000 });
      await trial.append("a", ...numbers(1, 200).map(String));
      trial.clock.advance(30_000);
      await trial.append("a", "201");
      await trial.end();
      trial.clock.advance(30_001);
      await trial.begin();
      await trial.open("a", { forMs: 60_000 });
      expectSame(await trial.offsets("a", 201), [201], "what is too old by then cannot be read");
    },
  },
  {
    name: "knows who was present when it is opened again",
    async run(trial) {
      const { store } = trial;
      expectSame((await trial.open("a")).members, [], "nobody is present on a new log");
      await trial.open("b");
      await store.present("a", "m1", { id: "ada", state: '{"name":"Ada"}' });
      await store.present("a", "m2", { id: "bob", state: "1" });
      await store.present("a", "m3", { id: "eve", state: "null" });
      await store.present("a", "__proto__", { id: "日本", state: '"ä 🚌"' });
      await store.present("a", "m1", { id: "ada", state: '{"name":"Ada L."}' });
      await store.present("a", "m3", undefined);
      await store.present("a", "nobody", undefined);
      await store.present("b", "m1", { id: "zoe", state: "0" });
      await trial.reopen();
      expectSame(
        await membersOf(trial, "a"),
        [
          { member: "__proto__", id: "日本", state: '"ä 🚌"' },
          { member: "m1", id: "ada", state: '{"name":"Ada L."}' },
          { member: "m2", id: "bob", state: "1" },
        ],
        "those who did not leave are there, with their newest state",
      );
      expectSame(await membersOf(trial, "b"), [{ member: "m1", id: "zoe", state: "0" }], "each channel has its own");
      await trial.store.present("a", "m2", undefined);
      await trial.reopen();
      const members = (await membersOf(trial, "a")).map(({ member }) => member);
      expectSame(members, ["__proto__", "m1"], "who leaves then is not there the next time");
    },
  },
];

/** What a store is that keeps nothing when it is closed. */
export const passingCases: readonly StoreCase[] = [
  {
    name: "begins another epoch when it is opened again",
    async run(trial) {
      const { epoch } = await trial.open("a");
      await trial.append("a", "1");
      await trial.reopen();
      const again = await trial.open("a");
      expectSame(again.head, 0, "nothing was kept");
      expectThat(again.epoch !== epoch, "no epoch is used again for other messages");
    },
  },
];

/** The members of a channel as it is opened, by their names: their order does not matter. */
async function membersOf(trial: StoreTrial, channel: string): Promise<readonly StoredMember[]> {
  const { members } = await trial.open(channel);
  return members.toSorted((one, other) => (one.member < other.member ? -1 : 1));
}
