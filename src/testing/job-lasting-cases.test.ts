import { expect, it } from "vitest";
import { lastingPipelinePlace, runPipelineAgainst, type PipelineDefect } from "../../test/support/pipeline-places.js";
import { jobStoreCases } from "./pipeline-cases.js";
import { lastingJobCases, passingJobCases } from "./job-lasting-cases.js";

/** Takes repeats for new messages once it was opened again. */
const forgetful: PipelineDefect = ({ jobs }, openings) => ({
  jobs: {
    accept: (drafts) =>
      jobs.accept(
        openings === 0
          ? drafts
          : drafts.map((draft) => ({ ...draft, id: `${draft.id} again`, firstSentAt: undefined })),
      ),
  },
});

/** By the case that has to find it. */
const defects: Readonly<Record<string, readonly PipelineDefect[]>> = {
  "has every message when it is opened again, as it was": [
    forgetful,
    ({ jobs }, openings) => ({
      jobs: {
        read: async (sequences) =>
          (await jobs.read(sequences)).map((job) => job && (openings === 0 ? job : { ...job, attempts: 0 })),
      },
    }),
    ({ jobs }, openings) => ({ jobs: { heads: async (after, max) => (openings === 0 ? jobs.heads(after, max) : []) } }),
    ({ jobs }, openings) => ({
      jobs: { dead: async (range) => (openings > 0 && range.queue !== undefined ? [] : jobs.dead(range)) },
    }),
  ],
  "gives no place twice when it is opened again": [
    ({ jobs }, openings) => ({
      jobs: {
        accept: async (drafts) =>
          (await jobs.accept(drafts)).map((answer) =>
            answer.kind === "accepted" && openings > 0 ? { ...answer, head: { ...answer.head, sequence: 1 } } : answer,
          ),
      },
    }),
  ],
  "knows how messages ended when it is opened again": [
    forgetful,
    ({ jobs }, openings) => ({ jobs: { find: async (id) => (openings === 0 ? jobs.find(id) : undefined) } }),
  ],
  "keeps no repeat from before its window when it is opened again": [forgetful],
  "has what was accepted as it was closed": [
    (store) => {
      let isClosing = false;
      const { jobs } = store;
      return {
        jobs: {
          accept: async (drafts) => {
            await Promise.resolve();
            if (!isClosing) return jobs.accept(drafts);
            return drafts.map(() => ({ kind: "accepted", head: { sequence: 1 } }) as never);
          },
        },
        logs: {
          close: async () => {
            isClosing = true;
            await store.close();
          },
        },
      };
    },
  ],
};

it.each(Object.entries(defects).flatMap(([caughtBy, all]) => all.map((defect) => ({ caughtBy, defect }))))(
  "finds a store that breaks: $caughtBy",
  async ({ caughtBy, defect }) => {
    await expect(runPipelineAgainst({ caughtBy, defect, isLasting: true })).rejects.toThrow("expected");
  },
);

it("finds a store that says that it keeps nothing, and does", async () => {
  const options = { place: () => lastingPipelinePlace(), durability: "memory", isLasting: false } as const;
  const [passing] = passingJobCases;
  const found = jobStoreCases(options).find(({ name }) => name === passing?.name);
  await expect(found?.run()).rejects.toThrow("nothing waits");
});

it("has a defect for every case", () => {
  expect(Object.keys(defects)).toEqual(lastingJobCases.map(({ name }) => name));
  expect(passingJobCases).toHaveLength(1);
});
