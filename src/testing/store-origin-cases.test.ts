import { expect, it } from "vitest";
import { MemoryStore } from "../adapters/memory/memory-store.js";
import { callsOf, runAgainst, type Defect } from "../../test/support/store-places.js";
import type { Draft, Origin, Store } from "../hub/store.js";
import { originCases } from "./store-origin-cases.js";

/** Have the store see other origins. */
function seeing(store: Store, change: (origin: Origin, draft: Draft) => Origin | undefined): Partial<Store> {
  return {
    append: (channel, drafts) =>
      store.append(
        channel,
        drafts.map((draft) => ({ ...draft, origin: draft.origin && change(draft.origin, draft) })),
      ),
  };
}

const nameOf = ({ producer, sequence }: Origin): string => `${producer} ${sequence}`;

/** By the case that has to find it. */
const defects: Readonly<Record<string, Defect>> = {
  "answers a repeat with the offset that the message has already": (store) => seeing(store, () => undefined),
  "recognises a repeat within one batch": (store) => ({
    append: (channel, drafts) => {
      const names = drafts.map(({ origin }) => origin && nameOf(origin));
      return store.append(
        channel,
        drafts.map((draft, index) => ({
          ...draft,
          origin: names.indexOf(names[index]) === index ? draft.origin : undefined,
        })),
      );
    },
  }),
  "recognises a repeat of a publish that is under way": (store) => {
    const underWay = new Set<string>();
    return {
      append: async (channel, drafts) => {
        const unseen = drafts.map((draft) => {
          const isUnderWay = draft.origin !== undefined && underWay.has(nameOf(draft.origin));
          return isUnderWay ? { ...draft, origin: undefined } : draft;
        });
        for (const { origin } of drafts) if (origin !== undefined) underWay.add(nameOf(origin));
        const outcomes = await store.append(channel, unseen);
        underWay.clear();
        return outcomes;
      },
    };
  },
  "keeps producers and their sequences apart": (store) =>
    seeing(store, ({ firstSentAt, producer, sequence }) => ({
      producer: `${producer}${sequence}`,
      sequence: 1,
      firstSentAt,
    })),
  "keeps the origins of channels apart": (store) => {
    const seen = new Map<string, number>();
    return {
      append: async (channel, drafts) => {
        const outcomes = await store.append(channel, drafts);
        return outcomes.map((outcome, index) => {
          const origin = drafts[index]?.origin;
          const known = origin && seen.get(nameOf(origin));
          if (known !== undefined) return { kind: "repeat", offset: known };
          if (origin !== undefined && outcome.kind === "appended") seen.set(nameOf(origin), outcome.message.offset);
          return outcome;
        });
      },
    };
  },
  "finds a message by its origin": () => ({ find: async () => undefined }),
  "recognises a repeat after the log was released": (store) => {
    let opens = 0;
    return {
      ...seeing(store, (origin) => ({ ...origin, producer: `${opens}${origin.producer}` })),
      open: (channel, options) => {
        opens++;
        return store.open(channel, options);
      },
    };
  },
  "recognises a repeat of a message that can no longer be read": (store) => ({
    append: async (channel, drafts) => {
      const all = await store.read(channel, { after: 0, until: 1e9, messagesMax: 1e9, bytesMax: 1e9 });
      const isKept = async (origin: Origin): Promise<boolean> => {
        const found = await store.find(channel, origin);
        return found === undefined || all.some(({ offset }) => offset === found);
      };
      const unseen: Draft[] = [];
      for (const draft of drafts) {
        const { origin } = draft;
        unseen.push(origin === undefined || (await isKept(origin)) ? draft : { ...draft, origin: undefined });
      }
      return store.append(channel, unseen);
    },
  }),
  "appends a repeat that was never appended": (store) => ({
    append: async (channel, drafts) => {
      const origin = drafts[0]?.origin;
      const isLost = origin?.firstSentAt !== undefined && (await store.find(channel, origin)) === undefined;
      return isLost ? [{ kind: "unknown" }] : store.append(channel, drafts);
    },
  }),
  "remembers as many publishes as its window has room for": (_, surroundings) =>
    callsOf(new MemoryStore({ ...surroundings, limits: { ...surroundings.limits, windowMessagesMax: 49 } })),
  "appends no repeat that may be from before its window": (store) =>
    seeing(store, (origin) => ({ ...origin, firstSentAt: undefined })),
  "allows a minute for the way of a repeat": (store) =>
    seeing(store, ({ firstSentAt, ...origin }) => ({ ...origin, firstSentAt: firstSentAt && firstSentAt + 60_000 })),
  "appends a repeat that was first sent after all that its window let go of": (store) =>
    seeing(store, ({ firstSentAt, ...origin }) => ({ ...origin, firstSentAt: firstSentAt && 0 })),
  "appends no repeat from before the time of its window": (store, { clock, limits }) =>
    seeing(store, ({ firstSentAt, ...origin }) => {
      const isOld = firstSentAt !== undefined && firstSentAt < clock.wallTimeMs() - limits.windowMs;
      return { ...origin, firstSentAt: isOld ? undefined : firstSentAt };
    }),
  "recognises repeats when the clock goes back": (store) => {
    let latestAt = 0;
    let jumps = 0;
    return seeing(store, (origin, { at }) => {
      if (at < latestAt) jumps++;
      latestAt = at;
      return { ...origin, producer: `${jumps}${origin.producer}` };
    });
  },
};

it.each(Object.entries(defects))("finds a store that breaks: %s", async (caughtBy, defect) => {
  await expect(runAgainst({ caughtBy, defect })).rejects.toThrow("expected");
});

it("has a defect for every case", () => {
  expect(Object.keys(defects)).toEqual(originCases.map(({ name }) => name));
});
