import type { GroupPosition } from "../pipeline/group-store.js";
import { expectSame } from "./expectation.js";
import type { PipelineCase, PipelineTrial } from "./pipeline-trial.js";

const at = (channel: string, offset: number): GroupPosition => ({ channel, epoch: "e", offset });

/** What a store does with groups. */
export const groupCases: readonly PipelineCase[] = [
  {
    name: "remembers a group",
    async run({ groups }) {
      expectSame(await groups.register({ name: "g", pattern: "a/:id" }), false, "a group that is new was not there");
      expectSame(await groups.register({ name: "h", pattern: "a/:id" }), false, "nor was another one");
      expectSame(await groups.register({ name: "g", pattern: "a/:id" }), true, "it is there the next time");
      const names = (await groups.groups()).map(({ name, pattern }) => `${name} ${pattern}`);
      expectSame(names.toSorted(), ["g a/:id", "h a/:id"], "both are listed");
    },
  },
  {
    name: "begins a group anew that follows other channels",
    async run({ groups }) {
      await groups.register({ name: "g", pattern: "a/:id" });
      await groups.move("g", [at("a/1", 5)]);
      expectSame(
        await groups.register({ name: "g", pattern: "b/:id" }),
        false,
        "with another pattern it was not there",
      );
      expectSame(await groups.position("g", "a/1"), undefined, "it stands nowhere");
      expectSame(await groups.groups(), [{ name: "g", pattern: "b/:id" }], "it is there with its new pattern alone");
    },
  },
  {
    name: "knows where a group stands on each channel",
    async run({ groups }) {
      for (const name of ["g", "h"]) await groups.register({ name, pattern: ":id" });
      await groups.move("g", [at("a", 1), at("b", 2)]);
      await groups.move("g", [at("a", 3)]);
      await groups.move("h", [at("a", 9)]);
      expectSame(await groups.position("g", "a"), at("a", 3), "it stands where it was moved last");
      expectSame(await groups.position("g", "b"), at("b", 2), "the other channel is as it was");
      expectSame(await groups.position("h", "a"), at("a", 9), "another group stands elsewhere");
      expectSame(await groups.position("g", "c"), undefined, "it stands nowhere where it never was");
      expectSame(await groups.position("i", "a"), undefined, "nor does a group that there is not");
    },
  },
  {
    name: "gives a group's positions by channel, page by page",
    async run({ groups }) {
      const names = ["g", "g-", "g.b", "gg", "G"];
      for (const name of names) await groups.register({ name, pattern: ":id" });
      for (const name of names) await groups.move(name, [at(`of/${name}`, 1)]);
      await groups.move("g", [at("c", 3), at("b/1", 2), at("a", 1)]);
      const channels = async (after: string, max: number): Promise<string[]> =>
        (await groups.positions("g", after, max)).map(({ channel }) => channel);
      expectSame(
        await channels("", 10),
        ["a", "b/1", "c", "of/g"],
        "those of the group, and of no other, in their order",
      );
      expectSame(await channels("", 2), ["a", "b/1"], "a page has so many");
      expectSame(await channels("b/1", 2), ["c", "of/g"], "the next one begins behind it");
      expectSame(await channels("b", 1), ["b/1"], "also behind a channel on which it does not stand");
      expectSame(await channels("of/g", 2), [], "behind the last there are none");
    },
  },
  {
    name: "forgets a group with where it stood",
    async run({ groups }) {
      for (const name of ["g", "h"]) await groups.register({ name, pattern: ":id" });
      for (const name of ["g", "h"]) await groups.move(name, [at("a", 5)]);
      await groups.forget("g");
      await groups.forget("i");
      expectSame(await groups.groups(), [{ name: "h", pattern: ":id" }], "the other one is left");
      expectSame(await groups.position("g", "a"), undefined, "it stands nowhere");
      await groups.move("g", [at("a", 6)]);
      expectSame(await groups.positions("g", "", 10), [], "nor when it is moved too late");
      expectSame(await groups.register({ name: "g", pattern: ":id" }), false, "it is new when it comes again");
      expectSame(await groups.position("g", "a"), undefined, "and begins from nowhere");
      expectSame(await groups.position("h", "a"), at("a", 5), "the other one stands where it stood");
    },
  },
  {
    name: "takes calls in their order, whether they are done or not",
    async run({ groups }) {
      await Promise.all([groups.register({ name: "g", pattern: ":id" }), groups.move("g", [at("a", 1)])]);
      expectSame(await groups.position("g", "a"), at("a", 1), "a group is moved that was there before");
      const all = [
        groups.move("g", [at("a", 2), at("b", 2)]),
        groups.forget("g"),
        groups.register({ name: "g", pattern: ":id" }),
        groups.move("g", [at("b", 3)]),
        groups.move("g", [at("b", 4)]),
      ];
      await Promise.all(all);
      expectSame(
        await groups.positions("g", "", 10),
        [at("b", 4)],
        "what was moved before it was forgotten is forgotten",
      );
    },
  },
  {
    name: "names the channels whose logs hold something, page by page",
    async run(trial) {
      const names = ["b", "a/2", "a/1", "c"];
      await fill(trial, ...names);
      await trial.store.release("c");
      const { groups } = trial;
      expectSame(await groups.channels("", 10), ["a/1", "a/2", "b", "c"], "all of them, in their order");
      expectSame(await groups.channels("", 3), ["a/1", "a/2", "b"], "a page has so many");
      expectSame(await groups.channels("b", 3), ["c"], "the next one begins behind it");
      expectSame(await groups.channels("c", 3), [], "behind the last there are none");
      expectSame(await groups.channels("a", 1), ["a/1"], "one can begin behind any name");
      await fill(trial, "d");
      expectSame(await groups.channels("", 10), ["a/1", "a/2", "b", "c", "d"], "what is new is there the next time");
    },
  },
];

/** What a store of groups has that was closed and opened again. */
export const lastingGroupCases: readonly PipelineCase[] = [
  {
    name: "has its groups, and where they stand, when it is opened again",
    async run(trial) {
      await trial.groups.register({ name: "g", pattern: ":id" });
      await trial.groups.register({ name: "h", pattern: ":id" });
      await trial.groups.move("g", [at("a", 1), at("b", 2)]);
      await trial.groups.move("g", [at("a", 3)]);
      await trial.groups.forget("h");
      await fill(trial, "a");
      await trial.reopen();
      expectSame(await trial.groups.register({ name: "g", pattern: ":id" }), true, "it was there before");
      expectSame(await trial.groups.groups(), [{ name: "g", pattern: ":id" }], "what was forgotten is not");
      expectSame(await trial.groups.positions("g", "", 9), [at("a", 3), at("b", 2)], "it stands where it stood");
      expectSame(await trial.groups.channels("", 9), ["a"], "the channels that hold something are known");
    },
  },
];

/** What a store of groups does that keeps nothing. */
export const passingGroupCases: readonly PipelineCase[] = [
  {
    name: "begins with no groups when it is opened again",
    async run(trial) {
      await trial.groups.register({ name: "g", pattern: ":id" });
      await trial.groups.move("g", [at("a", 1)]);
      await trial.reopen();
      expectSame(await trial.groups.groups(), [], "there is none");
      expectSame(await trial.groups.position("g", "a"), undefined, "it stands nowhere");
      expectSame(await trial.groups.channels("", 9), [], "no channel holds anything");
    },
  },
];

async function fill(trial: PipelineTrial, ...channels: readonly string[]): Promise<void> {
  await trial.open(...channels);
  for (const channel of channels) await trial.store.append(channel, [trial.draft("1")]);
}
