import { MemoryStore } from "../../src/adapters/memory/memory-store.js";
import type { Message, Store, StoredMember } from "../../src/hub/store.js";
import type { StorePlace } from "../../src/testing/index.js";

/** What is done wrongly to a store: the calls that are replaced. */
export type Defect = (store: Store) => Partial<Store>;

const sound: Defect = () => ({});

/** A place for a store in memory, with or without a defect. It counts the messages that are touched. */
export function memoryPlace(defect: Defect = sound): StorePlace {
  const touches = { count: 0 };
  return {
    open: async ({ clock, limits, random }) =>
      withDefect(counting(new MemoryStore({ clock, random, limits }), touches), defect),
    stepCount: () => touches.count,
  };
}

/** A place whose store, in memory, is still there when it was closed. */
export function lastingPlace(defect: Defect = sound): StorePlace {
  let memory: MemoryStore | undefined;
  const members = new Map<string, Map<string, StoredMember>>();
  return {
    open: async ({ clock, limits, random }) => {
      memory ??= new MemoryStore({ clock, random, limits });
      return withDefect(lasting(memory, members), defect);
    },
  };
}

/** A store whose calls go to this one, but for some. */
export function withDefect(store: Store, defect: Defect): Store {
  return { ...callsOf(store), ...defect(store) };
}

function callsOf(store: Store): Store {
  return {
    open: async (channel, options) => store.open(channel, options),
    append: async (channel, drafts) => store.append(channel, drafts),
    find: async (channel, origin) => store.find(channel, origin),
    read: async (channel, range) => store.read(channel, range),
    present: async (channel, member, state) => store.present(channel, member, state),
    release: async (channel) => store.release(channel),
    close: async () => store.close(),
  };
}

/** Every reader has the very same message from a store in memory, which so can tell when it is looked at. */
function counting(store: Store, touches: { count: number }): Store {
  const watch = (message: Message): void => {
    const { at, payload } = message;
    Object.defineProperty(message, "at", { enumerable: true, get: () => (touches.count++, at) });
    Object.defineProperty(message, "payload", { enumerable: true, get: () => (touches.count++, payload) });
  };
  return withDefect(store, () => ({
    append: async (channel, drafts) => {
      const outcomes = await store.append(channel, drafts);
      for (const outcome of outcomes) if (outcome.kind === "appended") watch(outcome.message);
      return outcomes;
    },
  }));
}

function lasting(store: Store, members: Map<string, Map<string, StoredMember>>): Store {
  const open = new Set<string>();
  const membersOf = (channel: string): Map<string, StoredMember> => {
    const some = members.get(channel) ?? new Map<string, StoredMember>();
    members.set(channel, some);
    return some;
  };
  let isClosed = false;
  return withDefect(store, () => ({
    open: async (channel, options) => {
      if (isClosed) throw new Error("the store is closed");
      const opened = await store.open(channel, options);
      open.add(channel);
      return { ...opened, members: [...membersOf(channel).values()] };
    },
    present: async (channel, member, state) => {
      await store.present(channel, member, state);
      if (state === undefined) membersOf(channel).delete(member);
      else membersOf(channel).set(member, { member, ...state });
    },
    release: async (channel) => {
      await store.release(channel);
      open.delete(channel);
    },
    close: async () => {
      isClosed = true;
      for (const channel of open) await store.release(channel);
    },
  }));
}
