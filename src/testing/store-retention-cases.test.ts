import { expect, it } from "vitest";
import { runAgainst, type Defect } from "../../test/support/store-places.js";
import type { Retention } from "../hub/store.js";
import { retentionCases } from "./store-retention-cases.js";

/** Have the store keep something else; `opens` is how often it was opened before. */
const keeping =
  (change: (retention: Retention, opens: number) => Partial<Retention>): Defect =>
  (store) => {
    let opens = 0;
    return {
      open: (channel, options) => {
        const retention = { ...options.retention, ...change(options.retention, opens++) };
        return store.open(channel, { ...options, retention });
      },
    };
  };

/** By the case that has to find it. */
const defects: Readonly<Record<string, readonly Defect[]>> = {
  "keeps the newest messages, as many as are asked for": [
    keeping(({ keep }) => ({ keep: keep + 1 })),
    keeping(({ keep }) => ({ keep: keep - 1 })),
  ],
  "counts on where it keeps nothing": [
    keeping(({ keep }) => ({ keep: Math.max(1, keep) })),
    (store) => ({
      open: async (channel, options) => {
        const opened = await store.open(channel, options);
        return options.retention.keep === 0 ? { ...opened, head: 0 } : opened;
      },
    }),
  ],
  "never gives a message that is too old": [
    keeping(() => ({ forMs: Infinity })),
    keeping(({ forMs }) => ({ forMs: forMs + 1000 })),
    keeping(({ forMs }) => ({ forMs: forMs - 1 })),
  ],
  "gives nothing that became too old while nobody used the log": [
    keeping(({ forMs }, opens) => ({ forMs: opens === 0 ? forMs : Infinity })),
  ],
  "is not confused by a clock that goes back": [
    (store, { clock }) => {
      const times: number[] = [];
      return {
        append: (channel, drafts) => {
          times.push(...drafts.map(({ at }) => at));
          return store.append(channel, drafts);
        },
        read: async (channel, range) => {
          const oldest = clock.wallTimeMs() - 60_000;
          const messages = await store.read(channel, range);
          return messages.filter(({ offset }) => (times[offset - 1] ?? 0) >= oldest);
        },
      };
    },
  ],
  "keeps about as many bytes as are asked for": [
    keeping(() => ({ bytesMax: Infinity })),
    keeping(({ bytesMax }) => ({ bytesMax: bytesMax / 2 })),
  ],
  "keeps the newest message, however large it is": [
    (store) => ({
      read: async (channel, range) => (await store.read(channel, range)).filter(({ payload }) => payload.length < 100),
    }),
  ],
  "keeps less when it is opened for less": [
    (store) => {
      let first: Retention | undefined;
      return {
        open: (channel, options) => {
          first ??= options.retention;
          return store.open(channel, { ...options, retention: first });
        },
      };
    },
    keeping(({ keep }) => ({ keep: Math.max(1, keep) })),
  ],
};

it.each(Object.entries(defects))("finds every store that breaks: %s", async (caughtBy, some) => {
  for (const defect of some) await expect(runAgainst({ caughtBy, defect })).rejects.toThrow("expected");
});

it("has a defect for every case", () => {
  expect(Object.keys(defects)).toEqual(retentionCases.map(({ name }) => name));
});
