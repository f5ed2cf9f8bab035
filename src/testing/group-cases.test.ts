import { expect, it } from "vitest";
import { lastingPipelinePlace, runPipelineAgainst, type PipelineDefect } from "../../test/support/pipeline-places.js";
import type { GroupRecord } from "../pipeline/group-store.js";
import { groupCases, lastingGroupCases, passingGroupCases } from "./group-cases.js";
import { groupStoreCases } from "./pipeline-cases.js";

/** By the case that has to find it. */
const defects: Readonly<Record<string, readonly PipelineDefect[]>> = {
  "remembers a group": [
    ({ groups }) => ({
      groups: {
        register: async (group) => {
          await groups.register(group);
          return false;
        },
      },
    }),
    ({ groups }) => ({ groups: { groups: async () => (await groups.groups()).slice(1) } }),
  ],
  "begins a group anew that follows other channels": [
    ({ groups }) => {
      let first: GroupRecord | undefined;
      return { groups: { register: (group) => groups.register((first ??= group)) } };
    },
    ({ groups }) => ({
      groups: {
        register: async (group) => {
          const before = await groups.positions(group.name, "", 9);
          const isKnown = await groups.register(group);
          await groups.move(group.name, before);
          return isKnown;
        },
      },
    }),
  ],
  "knows where a group stands on each channel": [
    ({ groups }) => ({
      groups: {
        move: async (name, positions) => {
          for (const one of positions)
            if ((await groups.position(name, one.channel)) === undefined) await groups.move(name, [one]);
        },
      },
    }),
    ({ groups }) => ({ groups: { move: (name, positions) => groups.move(name, positions.slice(0, 1)) } }),
    ({ groups }) => ({ groups: { position: (_, channel) => groups.position("g", channel) } }),
  ],
  "gives a group's positions by channel, page by page": [
    ({ groups }) => ({ groups: { positions: (name, after) => groups.positions(name, after, 100) } }),
    ({ groups }) => ({ groups: { positions: (name, _, max) => groups.positions(name, "", max) } }),
    ({ groups }) => ({
      groups: { positions: async (name, after, max) => (await groups.positions(name, after, max)).toReversed() },
    }),
    ({ groups }) => ({
      groups: {
        positions: async (name, after, max) => [
          ...(await groups.positions(name, after, max)),
          ...(await groups.positions(`${name}.b`, after, max)),
        ],
      },
    }),
  ],
  "forgets a group with where it stood": [
    () => ({ groups: { forget: async () => {} } }),
    ({ groups }) => ({
      groups: {
        forget: async () => {
          for (const { name } of await groups.groups()) await groups.forget(name);
        },
      },
    }),
    ({ groups }) => ({
      groups: {
        move: async (name, positions) => {
          if ((await groups.groups()).every((group) => group.name !== name))
            await groups.register({ name, pattern: ":id" });
          await groups.move(name, positions);
        },
      },
    }),
  ],
  "takes calls in their order, whether they are done or not": [
    ({ groups }) => ({
      groups: {
        move: async (name, positions) => {
          for (let turn = 0; turn < 10; turn++) await Promise.resolve();
          await groups.move(name, positions);
        },
      },
    }),
    ({ groups }) => ({
      groups: {
        register: async (group) => {
          for (let turn = 0; turn < 10; turn++) await Promise.resolve();
          return groups.register(group);
        },
      },
    }),
  ],
  "names the channels whose logs hold something, page by page": [
    ({ groups }) => ({ groups: { channels: (after) => groups.channels(after, 100) } }),
    ({ groups }) => ({ groups: { channels: (_, max) => groups.channels("", max) } }),
    ({ groups }) => ({ groups: { channels: async (after, max) => (await groups.channels(after, max)).toReversed() } }),
    ({ groups }) => {
      const open = new Set<string>();
      return {
        groups: {
          channels: async (after, max) => {
            const names = await groups.channels(after, max);
            if (open.size === 0) for (const name of names) open.add(name);
            return names.filter((name) => open.has(name));
          },
        },
      };
    },
  ],
};

const lastingDefects: readonly PipelineDefect[] = [
  ({ groups }, openings) => ({ groups: { groups: async () => (openings === 0 ? groups.groups() : []) } }),
  ({ groups }, openings) => ({
    groups: { positions: async (name, after, max) => (openings === 0 ? groups.positions(name, after, max) : []) },
  }),
  ({ groups }, openings) => ({
    groups: { channels: async (after, max) => (openings === 0 ? groups.channels(after, max) : []) },
  }),
  () => ({ groups: { forget: async () => {} } }),
];

it.each(Object.entries(defects).flatMap(([caughtBy, all]) => all.map((defect) => ({ caughtBy, defect }))))(
  "finds a store that breaks: $caughtBy",
  async ({ caughtBy, defect }) => {
    await expect(runPipelineAgainst({ caughtBy, defect })).rejects.toThrow("expected");
  },
);

it.each(lastingDefects)("finds a store that does not have everything when it is opened again", async (defect) => {
  const [caughtBy = ""] = lastingGroupCases.map(({ name }) => name);
  await expect(runPipelineAgainst({ caughtBy, defect, isLasting: true })).rejects.toThrow("expected");
});

it("finds a store that says that it keeps nothing, and does", async () => {
  const options = { place: () => lastingPipelinePlace(), durability: "memory", isLasting: false } as const;
  const [passing] = passingGroupCases;
  const found = groupStoreCases(options).find(({ name }) => name === passing?.name);
  await expect(found?.run()).rejects.toThrow("there is none");
});

it("has a defect for every case", () => {
  expect(Object.keys(defects)).toEqual(groupCases.map(({ name }) => name));
  expect([lastingGroupCases.length, passingGroupCases.length]).toEqual([1, 1]);
});
