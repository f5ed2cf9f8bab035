import { expect, it } from "vitest";
import { runAgainst, type Defect } from "../../test/support/store-places.js";
import { refusalCases } from "./store-refusal-cases.js";

/** By the case that has to find it. */
const defects: Readonly<Record<string, Defect>> = {
  "promises no durability that it does not have": (store) => ({
    open: (channel, options) => store.open(channel, { ...options, durability: "memory" }),
  }),
  "refuses to use a log that is not open": (store) => ({
    find: (channel, origin) => store.find(channel, origin).catch(() => undefined),
  }),
  "refuses everything once it is closed": (store) => ({
    append: (channel, drafts) => store.append(channel, drafts).catch(() => []),
  }),
  "ends what is under way when it is closed": (store) => {
    let isClosed = false;
    return {
      append: async (channel, drafts) => {
        const outcomes = await store.append(channel, drafts);
        if (isClosed) throw new Error("the store is closed");
        return outcomes;
      },
      close: async () => {
        isClosed = true;
        await store.close();
      },
    };
  },
};

it.each(Object.entries(defects))("finds a store that breaks: %s", async (caughtBy, defect) => {
  await expect(runAgainst({ caughtBy, defect })).rejects.toThrow();
});

it("has a defect for every case", () => {
  expect(Object.keys(defects)).toEqual(refusalCases(["memory"]).map(({ name }) => name));
});

it("asks a store for no more than it says that it can do", () => {
  const names = refusalCases(["memory", "disk"]).map(({ name }) => name);
  expect(names).not.toContain("promises no durability that it does not have");
});
