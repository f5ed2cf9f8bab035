import { MemoryStore } from "../../src/adapters/memory/memory-store.js";
import type { Message, Store, StoredMember } from "../../src/hub/store.js";
import { storeCases, type StorePlace, type StoreSurroundings } from "../../src/testing/index.js";

/** What is done wrongly to a store: the calls that are replaced. It is asked each time the store's place is opened. */
export type Defect = (store: Store, surroundings: StoreSurroundings) => Partial<Store>;

/** A defect, and the case that has to find it. */
export interface Planted {
  readonly caughtBy: string;
  readonly defect: Defect;
  readonly isLasting?: boolean;
}

/** Run the case that has to find the defect; rejects with what it says. */
export async function runAgainst({ caughtBy, defect, isLasting = false }: Planted): Promise<void> {
  const cases = storeCases({
    place: () => (isLasting ? lastingPlace(defect) : memoryPlace(defect)),
    durabilities: ["memory"],
    isLasting,
    hasStepCount: !isLasting,
  });
  const found = cases.find(({ name }) => name === caughtBy);
  if (found === undefined) throw new Error(`there is no case “${caughtBy}”`);
  await found.run();
}

const sound: Defect = () => ({});

/** A place for a store in memory, with or without a defect. It counts the messages that are touched. */
export function memoryPlace(defect: Defect = sound): StorePlace {
  const touches = { count: 0 };
  return {
    open: async (surroundings) => {
      const store = counting(new MemoryStore(surroundings), touches);
      return withDefect(store, defect(store, surroundings));
    },
    stepCount: () => touches.count,
  };
}

/** A place whose store, in memory, is still there when it was closed. */
export function lastingPlace(defect: Defect = sound): StorePlace {
  let memory: MemoryStore | undefined;
  const members = new Map<string, Map<string, StoredMember>>();
  return {
    open: async (surroundings) => {
      memory ??= new MemoryStore(surroundings);
      const store = lasting(memory, members);
      return withDefect(store, defect(store, surroundings));
    },
  };
}

/** A store whose calls go to this one, but for some. */
function withDefect(store: Store, replaced: Partial<Store>): Store {
  return { ...callsOf(store), ...replaced };
}

/** The calls of a store by themselves. */
export function callsOf(store: Store): Store {
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
  return withDefect(store, {
    append: async (channel, drafts) => {
      const outcomes = await store.append(channel, drafts);
      for (const outcome of outcomes) if (outcome.kind === "appended") watch(outcome.message);
      return outcomes;
    },
  });
}

function lasting(store: Store, members: Map<string, Map<string, StoredMember>>): Store {
  const open = new Set<string>();
  const membersOf = (channel: string): Map<string, StoredMember> => {
    const some = members.get(channel) ?? new Map<string, StoredMember>();
    members.set(channel, some);
    return some;
  };
  let isClosed = false;
  return withDefect(store, {
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
  });
}
