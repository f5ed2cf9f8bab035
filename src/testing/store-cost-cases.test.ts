import { expect, it } from "vitest";
import { runAgainst, type Defect } from "../../test/support/store-places.js";
import { costCases } from "./store-cost-cases.js";

const everything = { after: 0, until: 1e9, messagesMax: 1e9, bytesMax: 1e12 };

/** By the case that has to find it. */
const defects: Readonly<Record<string, Defect>> = {
  "reads in as many steps as it gives messages": (store) => ({
    read: async (channel, { after, messagesMax }) => {
      const all = await store.read(channel, everything);
      return all.filter(({ offset }) => offset > after).slice(0, messagesMax);
    },
  }),
  "appends, finds, releases and opens in as many steps as there are drafts": (store) => ({
    find: async (channel, origin) => {
      await store.read(channel, everything);
      return store.find(channel, origin);
    },
  }),
  "lets go of a long history in steps": (store) => ({
    append: async (channel, drafts) => {
      for (let step = 0; step < 100; step++) await store.read(channel, everything);
      return store.append(channel, drafts);
    },
  }),
};

it.each(Object.entries(defects))("finds a store that breaks: %s", async (caughtBy, defect) => {
  await expect(runAgainst({ caughtBy, defect })).rejects.toThrow("touches at most");
});

it("has a defect for every case", () => {
  expect(Object.keys(defects)).toEqual(costCases.map(({ name }) => name));
});
