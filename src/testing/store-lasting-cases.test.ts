import { expect, it } from "vitest";
import { runAgainst, type Defect } from "../../test/support/store-places.js";
import { lastingCases, passingCases } from "./store-lasting-cases.js";

/** Count how often the place was opened before. */
function counted(defect: (...args: [...Parameters<Defect>, openings: number]) => ReturnType<Defect>): Defect {
  let openings = 0;
  return (store, surroundings) => defect(store, surroundings, openings++);
}

/** By the case that has to find it. */
const defects: Readonly<Record<string, Defect>> = {
  "has everything when it is opened again": counted((store, _, openings) => ({
    read: async (channel, range) => (await store.read(channel, range)).slice(openings),
  })),
  "has what was appended as it was closed": (store) => {
    let isClosing = false;
    return {
      append: async (channel, drafts) => {
        await Promise.resolve();
        if (!isClosing) return store.append(channel, drafts);
        return drafts.map((draft) => ({ kind: "appended", message: { channel, offset: 1, ...draft } }));
      },
      close: async () => {
        isClosing = true;
        await store.close();
      },
    };
  },
  "recognises repeats when it is opened again": counted((store, _, openings) => ({
    append: (channel, drafts) => store.append(channel, openings === 0 ? drafts : drafts.map(withoutOrigin)),
  })),
  "appends no repeat from before its window when it is opened again": counted((store, _, openings) => ({
    append: (channel, drafts) => store.append(channel, openings === 0 ? drafts : drafts.map(withoutOrigin)),
  })),
  "gives nothing that became too old while it was closed": counted((store, _, openings) => ({
    open: (channel, options) => {
      const forMs = openings === 0 ? options.retention.forMs : Infinity;
      return store.open(channel, { ...options, retention: { ...options.retention, forMs } });
    },
  })),
  "knows who was present when it is opened again": (store) => ({
    present: async (channel, member, state) => {
      if (state !== undefined) await store.present(channel, member, state);
    },
  }),
};

const withoutOrigin = <Draft extends object>(draft: Draft): Draft & { origin: undefined } => ({
  ...draft,
  origin: undefined,
});

it.each(Object.entries(defects))("finds a store that breaks: %s", async (caughtBy, defect) => {
  await expect(runAgainst({ caughtBy, defect, isLasting: true })).rejects.toThrow("expected");
});

it("finds a store that forgets, and does not say so", async () => {
  const [caughtBy = ""] = passingCases.map(({ name }) => name);
  const defect: Defect = (store) => ({
    open: async (channel, options) => ({ ...(await store.open(channel, options)), epoch: "e" }),
  });
  await expect(runAgainst({ caughtBy, defect })).rejects.toThrow("no epoch is used again");
});

it.each<[string, Defect]>([
  ["the newest state", keepingOnly((_, isKnown) => !isKnown)],
  ["the members at all", keepingOnly(() => false)],
])("finds a store that does not keep %s", async (_, defect) => {
  const caughtBy = "knows who was present when it is opened again";
  await expect(runAgainst({ caughtBy, defect, isLasting: true })).rejects.toThrow("expected");
});

function keepingOnly(isKept: (member: string, isKnown: boolean) => boolean): Defect {
  return (store) => {
    const known = new Set<string>();
    return {
      present: async (channel, member, state) => {
        if (state === undefined || isKept(member, known.has(member))) await store.present(channel, member, state);
        known.add(member);
      },
    };
  };
}

it("has a defect for every case", () => {
  expect(Object.keys(defects)).toEqual(lastingCases.map(({ name }) => name));
  expect(passingCases).toHaveLength(1);
});
