import { expect, it } from "vitest";
import { runAgainst, type Defect } from "../../test/support/store-places.js";
import type { Message, Store } from "../hub/store.js";
import { logCases } from "./store-log-cases.js";

/** Have the store give other messages. */
function giving(store: Store, change: (message: Message) => Message): Partial<Store> {
  return {
    append: async (channel, drafts) =>
      (await store.append(channel, drafts)).map((outcome) =>
        outcome.kind === "appended" ? { kind: "appended", message: change(outcome.message) } : outcome,
      ),
    read: async (channel, range) => (await store.read(channel, range)).map(change),
  };
}

/** Have the store read another range. */
const reading =
  (change: (range: Parameters<Store["read"]>[1]) => Parameters<Store["read"]>[1]): Defect =>
  (store) => ({ read: (channel, range) => store.read(channel, change(range)) });

/** By the case that has to find it. */
const defects: Readonly<Record<string, Defect>> = {
  "counts a channel's messages from 1, without gaps": (store) =>
    giving(store, (message) => ({ ...message, offset: message.offset - 1 })),
  "gives messages as they were published": (store) =>
    giving(store, (message) => ({ ...message, payload: JSON.stringify(JSON.parse(message.payload)) })),
  "keeps large payloads whole": (store) =>
    giving(store, (message) => ({ ...message, payload: message.payload.slice(0, 65_535) })),
  "takes the calls for a channel in their order": (store) => {
    let calls = 0;
    return {
      append: async (channel, drafts) => {
        for (let turn = calls++ % 2; turn < 1; turn++) await Promise.resolve();
        return store.append(channel, drafts);
      },
    };
  },
  "answers an empty batch with nothing": (store) => ({
    append: async (channel, drafts) => {
      const blank = { payload: "0", from: "", at: 0, origin: undefined };
      const outcomes = await store.append(channel, drafts.length === 0 ? [blank] : drafts);
      return outcomes.slice(0, drafts.length);
    },
  }),
  "reads what is between two positions": reading((range) => ({ ...range, after: range.after - 1 })),
  "reads no more messages than are asked for": reading((range) => ({ ...range, messagesMax: range.messagesMax + 1 })),
  "stops reading behind the message that reaches the bytes, and reads one always": reading((range) => ({
    ...range,
    bytesMax: 1e12,
  })),
  "reads while it appends": reading((range) => ({ ...range, until: 1e9 })),
  "keeps channels apart, whatever they are called": (store) => ({
    open: (channel, options) => store.open(channel.slice(0, 254), options),
  }),
  "appends to many channels at once": (store) => {
    let current = "";
    return {
      append: async (channel, drafts) => {
        current = channel;
        await Promise.resolve();
        return store.append(current, drafts);
      },
    };
  },
  "goes on with a log that was released": (store) => {
    let opens = 0;
    return {
      open: async (channel, options) => ({ ...(await store.open(channel, options)), epoch: `${opens++}` }),
    };
  },
};

it.each(Object.entries(defects))("finds a store that breaks: %s", async (caughtBy, defect) => {
  await expect(runAgainst({ caughtBy, defect })).rejects.toThrow();
});

it("has a defect for every case", () => {
  expect(Object.keys(defects)).toEqual(logCases.map(({ name }) => name));
});
