import { expect, it } from "vitest";
import { runPipelineAgainst, type PipelineDefect } from "../../test/support/pipeline-places.js";
import { jobEndCases } from "./job-end-cases.js";

/** Takes messages as if none had been there before. */
const renaming: PipelineDefect = ({ jobs }) => {
  let count = 0;
  return {
    jobs: {
      accept: (drafts) =>
        jobs.accept(drafts.map((one) => ({ ...one, id: `${one.id} ${++count}`, firstSentAt: undefined }))),
    },
  };
};

/** Never says that it cannot know a repeat. */
const trusting: PipelineDefect = ({ jobs }) => ({
  jobs: { accept: (drafts) => jobs.accept(drafts.map((draft) => ({ ...draft, firstSentAt: undefined }))) },
});

/** Remembers every end for ever. */
const hoarding: PipelineDefect = ({ jobs }) => {
  const ended = new Set<string>();
  return {
    jobs: {
      change: async (changes) => {
        await jobs.change(changes);
        for (const change of changes) if (change.kind === "ended") ended.add(change.of.id);
      },
      find: async (id) => {
        const origin = { producer: "p", sequence: 1 };
        const found = { kind: "ended", end: { kind: "delivered" }, channel: "a", origin, principal: "1" } as const;
        return (await jobs.find(id)) ?? (ended.has(id) ? found : undefined);
      },
    },
  };
};

/** By the case that has to find it. */
const defects: Readonly<Record<string, readonly PipelineDefect[]>> = {
  "remembers how a message ended, and keeps nothing else of it": [
    ({ jobs }) => ({
      jobs: {
        change: (changes) =>
          jobs.change(changes.map((one) => (one.kind === "ended" ? { ...one, end: { kind: "delivered" } } : one))),
      },
    }),
    ({ jobs }) => ({ jobs: { find: async (id) => (id === "other" ? jobs.find(id) : undefined) } }),
    ({ jobs }) => {
      const before = new Map<number, Awaited<ReturnType<typeof jobs.read>>[number]>();
      return {
        jobs: {
          change: async (changes) => {
            for (const { sequence } of changes) before.set(sequence, (await jobs.read([sequence]))[0]);
            await jobs.change(changes);
          },
          read: async (sequences) => sequences.map((sequence) => before.get(sequence)),
        },
      };
    },
  ],
  "finds a message that waits by its id": [
    ({ jobs }) => ({
      jobs: {
        find: async (id) => {
          const found = await jobs.find(id);
          return found?.kind === "job" ? { ...found, job: { ...found.job, attempts: 0 } } : found;
        },
      },
    }),
    ({ jobs }) => ({ jobs: { find: () => jobs.find("m1") } }),
  ],
  "recognises a repeat of a message that ended": [renaming],
  "keeps no repeat of a message that ended before its window": [
    trusting,
    hoarding,
    ({ jobs }) => ({
      jobs: {
        accept: async (drafts) => {
          const isOld = drafts.some(({ firstSentAt }) => firstSentAt !== undefined);
          return isOld ? drafts.map(() => ({ kind: "unknown" })) : jobs.accept(drafts);
        },
      },
    }),
  ],
  "remembers so many messages that ended, and no more": [trusting, hoarding, renaming],
  "gives no place twice": [
    ({ jobs }) => ({
      jobs: {
        accept: async (drafts) => {
          const heads = await jobs.heads(0, 1_000);
          const next = (heads.at(-1)?.sequence ?? 0) + 1;
          return (await jobs.accept(drafts)).map((answer, index) =>
            answer.kind === "accepted" && heads.length === 0 && drafts.length === 1
              ? { ...answer, head: { ...answer.head, sequence: next + index } }
              : answer,
          );
        },
      },
    }),
  ],
};

it.each(Object.entries(defects).flatMap(([caughtBy, all]) => all.map((defect) => ({ caughtBy, defect }))))(
  "finds a store that breaks: $caughtBy",
  async ({ caughtBy, defect }) => {
    await expect(runPipelineAgainst({ caughtBy, defect })).rejects.toThrow("expected");
  },
);

it("has a defect for every case", () => {
  expect(Object.keys(defects)).toEqual(jobEndCases.map(({ name }) => name));
});
