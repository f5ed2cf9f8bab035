import { expect, it } from "vitest";
import { runPipelineAgainst, type PipelineDefect } from "../../test/support/pipeline-places.js";
import type { Job, JobChange } from "../pipeline/job-store.js";
import { jobCases } from "./job-cases.js";

/** Read jobs that are not as they are. */
function reading(change: (job: Job) => Partial<Job>): PipelineDefect {
  return ({ jobs }) => ({
    jobs: {
      read: async (sequences) => (await jobs.read(sequences)).map((job) => job && { ...job, ...change(job) }),
    },
  });
}

/** Note other changes than those that are asked for. */
function changing(change: (changes: readonly JobChange[]) => readonly JobChange[]): PipelineDefect {
  return ({ jobs }) => ({ jobs: { change: (changes) => jobs.change(change(changes)) } });
}

/** By the case that has to find it. */
const defects: Readonly<Record<string, readonly PipelineDefect[]>> = {
  "keeps what it accepts, each message at a place of its own, in their order": [
    reading(({ payload }) => ({ payload: payload.replaceAll("ä", "a") })),
    reading(() => ({ bytes: 0 })),
    ({ jobs }) => ({ jobs: { heads: async (after, max) => (await jobs.heads(after, max)).toReversed() } }),
    ({ jobs }) => ({
      jobs: {
        accept: async (drafts) =>
          (await jobs.accept(drafts)).map((one) => ({ ...one, head: { sequence: 1 } }) as never),
      },
    }),
  ],
  "keeps each message once": [
    ({ jobs }) => {
      let count = 0;
      return { jobs: { accept: (drafts) => jobs.accept(drafts.map((one) => ({ ...one, id: String(++count) }))) } };
    },
    ({ jobs }) => ({
      jobs: {
        accept: async (drafts) => {
          const known = new Set((await jobs.heads(0, 100)).map(({ id }) => id));
          await Promise.resolve();
          const answers = await jobs.accept(
            drafts.map((one, at) => ({ ...one, id: known.has(one.id) ? one.id : `${one.id} ${at}` })),
          );
          return answers;
        },
      },
    }),
  ],
  "gives the heads page by page": [
    ({ jobs }) => ({ jobs: { heads: (after) => jobs.heads(after, 100) } }),
    ({ jobs }) => ({ jobs: { heads: (after, max) => jobs.heads(after === 0 ? 0 : after + 1, max) } }),
    ({ jobs }) => ({ jobs: { heads: async (after, max) => (after > 8 ? [] : jobs.heads(after, max)) } }),
  ],
  "keeps when a message is due": [
    ({ jobs }) => ({
      jobs: { accept: (drafts) => jobs.accept(drafts.map((draft) => ({ ...draft, dueAt: undefined }))) },
    }),
    changing((changes) => changes.map((one) => (one.kind === "failed" ? { ...one, dueAt: 1 } : one))),
  ],
  "counts attempts, and keeps why the first one and the newest failed": [
    changing((changes) => changes.filter(({ kind }) => kind !== "begun")),
    reading(({ failures }) => ({ failures: failures.slice(1) })),
    ({ jobs }) => ({
      jobs: { heads: async (after, max) => (await jobs.heads(after, max)).map((head) => ({ ...head, attempts: 0 })) },
    }),
  ],
  "lets a change build on those before it, whether they are done or not": [
    // Each begins with what was there before any of them.
    ({ jobs }) => {
      let isUnderWay = false;
      return {
        jobs: {
          change: async (changes) => {
            if (isUnderWay && changes.some(({ kind }) => kind !== "dead")) return;
            isUnderWay = true;
            await jobs.change(changes);
            await Promise.resolve();
            isUnderWay = false;
          },
        },
      };
    },
    ({ jobs }) => ({
      jobs: {
        change: async (changes) => {
          const [change] = changes;
          await jobs.change(changes);
          const isBack = change?.kind === "ended" && changes.length === 2;
          if (isBack)
            await jobs.accept([
              {
                ...change.of,
                queue: "q",
                key: "k",
                payload: "",
                at: 0,
                dueAt: undefined,
                firstSentAt: undefined,
                id: "back",
              },
            ]);
        },
      },
    }),
  ],
  "leaves out what is asked of messages that are not there": [
    ({ jobs }) => ({
      jobs: {
        change: async (changes) => {
          for (const { sequence } of changes) {
            const [job] = await jobs.read([sequence]);
            if (job === undefined) throw new Error("it is not there");
          }
        },
      },
    }),
    ({ jobs }) => ({
      jobs: {
        find: async (id) =>
          (await jobs.find(id)) ?? {
            kind: "ended",
            end: { kind: "dropped" },
            channel: "a",
            origin: { producer: "p", sequence: 1 },
            principal: "1",
          },
      },
    }),
  ],
  "lists dead letters of one queue or of all, page by page": [
    ({ jobs }) => ({ jobs: { dead: (range) => jobs.dead({ ...range, queue: undefined }) } }),
    ({ jobs }) => ({ jobs: { dead: (range) => jobs.dead({ ...range, after: 0 }) } }),
    ({ jobs }) => ({ jobs: { dead: (range) => jobs.dead({ ...range, max: 100 }) } }),
    ({ jobs }) => ({
      jobs: {
        dead: async (range) =>
          (await jobs.dead({ ...range, queue: undefined })).filter(({ queue }) => queue.startsWith(range.queue ?? "")),
      },
    }),
    ({ jobs }) => ({
      jobs: {
        dead: async (range) => (await jobs.dead(range)).toSorted((one, other) => (one.queue < other.queue ? 1 : -1)),
      },
    }),
    ({ jobs }) => ({
      jobs: {
        heads: async (after, max) => (await jobs.heads(after, max)).map((head) => ({ ...head, state: "waiting" })),
      },
    }),
  ],
  "has a dead letter wait again as if it was new, with another message where there is one": [
    changing((changes) => changes.map((one) => (one.kind === "redriven" ? { ...one, payload: undefined } : one))),
    changing((changes) => changes.filter(({ kind }) => kind !== "redriven")),
    reading(({ failures, state }) => ({ failures: state === "waiting" ? [] : failures })),
    ({ jobs }) => ({
      jobs: { dead: async ({ queue }) => (queue === undefined ? jobs.dead({ queue, after: 0, max: 9 }) : []) },
    }),
  ],
  "takes nothing more once it is closed": [
    ({ jobs }) => ({ jobs: { accept: (drafts) => jobs.accept(drafts).catch(() => []) } }),
    ({ jobs }) => ({ jobs: { change: (changes) => jobs.change(changes).catch(() => {}) } }),
  ],
  "ends what is under way when it is closed": [
    (store) => {
      let isClosed = false;
      return {
        jobs: {
          accept: async (drafts) => {
            const answers = await store.jobs.accept(drafts);
            if (isClosed) throw new Error("the store is closed");
            return answers;
          },
        },
        logs: {
          close: async () => {
            isClosed = true;
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
    await expect(runPipelineAgainst({ caughtBy, defect })).rejects.toThrow(/^expected|^it is not there$/);
  },
);

it("has a defect for every case", () => {
  expect(Object.keys(defects)).toEqual(jobCases.map(({ name }) => name));
});
