import { expect, it } from "vitest";
import { runPipelineAgainst, type PipelineDefect } from "../../test/support/pipeline-places.js";
import { lastingTransactionCases, logTransactionCases } from "./transaction-cases.js";

/** Appends to one log after the other, and then writes the rider. */
const oneByOne: PipelineDefect = (store) => ({
  logs: {
    appendAll: async (batches, rider) => {
      const appended = [];
      for (const { channel, drafts } of batches) appended.push(await store.append(channel, drafts));
      rider?.write();
      return appended;
    },
  },
});

/** By the case that has to find it. */
const defects: Readonly<Record<string, readonly PipelineDefect[]>> = {
  "appends to several logs, and ends messages with them": [
    (store) => ({ logs: { appendAll: (batches) => store.appendAll(batches, undefined) } }),
    (store) => ({
      logs: { appendAll: async (batches, rider) => (await store.appendAll(batches, rider)).toReversed() },
    }),
    (store) => ({ logs: { appendAll: (batches, rider) => store.appendAll(batches.slice(0, 1), rider) } }),
    ({ jobs }) => ({
      jobs: {
        rider: (changes) => {
          const rider = jobs.rider(changes);
          rider.write();
          return rider;
        },
      },
    }),
    ({ jobs }) => ({ jobs: { rider: (changes) => jobs.rider(changes.slice(0, 1)) } }),
  ],
  "appends without a rider, and writes a rider without appends": [
    (store) => ({
      logs: { appendAll: async (batches, rider) => (batches.length === 0 ? [] : store.appendAll(batches, rider)) },
    }),
    (store) => ({
      logs: { appendAll: async (batches, rider) => (rider === undefined ? [] : store.appendAll(batches, rider)) },
    }),
  ],
  "recognises repeats in each log": [
    (store) => ({
      logs: {
        appendAll: (batches, rider) =>
          store.appendAll(
            batches.map(({ channel, drafts }) => ({
              channel,
              drafts: drafts.map((draft) => ({ ...draft, origin: undefined })),
            })),
            rider,
          ),
      },
    }),
  ],
  "goes on with each log where the one before ended": [
    (store) => ({
      logs: {
        appendAll: async (batches, rider) => {
          for (const { channel } of batches)
            await store.append(channel, [{ payload: "0", from: "", at: 0, origin: undefined }]);
          return store.appendAll(batches, rider);
        },
      },
    }),
  ],
  "writes nothing where a part of it fails": [
    oneByOne,
    (store) => ({
      logs: {
        appendAll: async (batches, rider) => {
          const appended = await store.appendAll(batches, undefined);
          rider?.write();
          return appended;
        },
      },
    }),
    (store) => ({
      logs: { appendAll: (batches, rider) => store.appendAll(batches, rider).catch(() => []) },
    }),
    (store) => ({
      logs: {
        appendAll: async (batches, rider) => {
          rider?.write();
          return store.appendAll(batches, undefined);
        },
      },
    }),
  ],
  "takes its turn among members that come and go": [
    (store) => {
      let present = 0;
      return {
        logs: {
          present: async (channel, member, state) => {
            present++;
            await store.present(channel, member, state);
            await Promise.resolve();
            present--;
          },
          appendAll: async (batches, rider) => {
            if (present > 0) throw new Error("somebody else writes");
            return store.appendAll(batches, rider);
          },
        },
      };
    },
  ],
  "ends a transaction that is under way when it is closed": [
    (store) => {
      let isClosed = false;
      return {
        logs: {
          appendAll: async (batches, rider) => {
            const appended = await store.appendAll(batches, rider);
            if (isClosed) throw new Error("the store is closed");
            return appended;
          },
          close: async () => {
            isClosed = true;
            await store.close();
          },
        },
      };
    },
  ],
};

const lastingDefects: Readonly<Record<string, readonly PipelineDefect[]>> = {
  "has all of a transaction when it is opened again": [
    (store, openings) => ({
      logs: { read: async (channel, range) => (openings > 0 && channel === "b" ? [] : store.read(channel, range)) },
    }),
    (store) => ({ logs: { appendAll: (batches) => store.appendAll(batches, undefined) } }),
  ],
  "has nothing of a transaction that failed when it is opened again": [oneByOne],
};

it.each(Object.entries(defects).flatMap(([caughtBy, all]) => all.map((defect) => ({ caughtBy, defect }))))(
  "finds a store that breaks: $caughtBy",
  async ({ caughtBy, defect }) => {
    await expect(runPipelineAgainst({ caughtBy, defect })).rejects.toThrow(/^expected|^somebody else writes$/);
  },
);

it.each(Object.entries(lastingDefects).flatMap(([caughtBy, all]) => all.map((defect) => ({ caughtBy, defect }))))(
  "finds a store that lasts, and breaks: $caughtBy",
  async ({ caughtBy, defect }) => {
    await expect(runPipelineAgainst({ caughtBy, defect, isLasting: true })).rejects.toThrow("expected");
  },
);

it("has a defect for every case", () => {
  expect(Object.keys(defects)).toEqual(logTransactionCases.map(({ name }) => name));
  expect(Object.keys(lastingDefects)).toEqual(lastingTransactionCases.map(({ name }) => name));
});
