import { MemoryStore } from "../../src/adapters/memory/memory-store.js";
import type { TransactionStore } from "../../src/hub/store.js";
import type { GroupStore } from "../../src/pipeline/group-store.js";
import type { JobStore } from "../../src/pipeline/job-store.js";
import {
  groupStoreCases,
  jobStoreCases,
  transactionCases,
  type PipelinePlace,
  type PipelineStore,
} from "../../src/testing/index.js";
import { callsOf } from "./store-places.js";

/** The calls that are replaced in a store. */
export interface Replaced {
  readonly logs?: Partial<Omit<TransactionStore, "jobs" | "groups">>;
  readonly jobs?: Partial<JobStore>;
  readonly groups?: Partial<GroupStore>;
}

/** What is done wrongly to a store. It is asked each time the store's place is opened, with how often that was before. */
export type PipelineDefect = (store: PipelineStore, openings: number) => Replaced;

/** A defect, and the case that has to find it. */
export interface PlantedInPipeline {
  readonly caughtBy: string;
  readonly defect: PipelineDefect;
  readonly isLasting?: boolean;
}

/** Run the case that has to find the defect; rejects with what it says. */
export async function runPipelineAgainst({ caughtBy, defect, isLasting = false }: PlantedInPipeline): Promise<void> {
  const options = {
    place: () => (isLasting ? lastingPipelinePlace(defect) : memoryPipelinePlace(defect)),
    durability: "memory",
    isLasting,
  } as const;
  const cases = [...jobStoreCases(options), ...groupStoreCases(options), ...transactionCases(options)];
  const found = cases.find(({ name }) => name === caughtBy);
  if (found === undefined) throw new Error(`there is no case “${caughtBy}”`);
  await found.run();
}

const sound: PipelineDefect = () => ({});

/** A place for a store in memory, with or without a defect. */
export function memoryPipelinePlace(defect: PipelineDefect = sound): PipelinePlace {
  let openings = 0;
  return {
    open: async (surroundings) => {
      const store = new MemoryStore(surroundings);
      return withDefect(store, defect(store, openings++));
    },
  };
}

/** A place whose store, in memory, is still there when it was closed. */
export function lastingPipelinePlace(defect: PipelineDefect = sound): PipelinePlace {
  let memory: MemoryStore | undefined;
  let openings = 0;
  return {
    open: async (surroundings) => {
      memory ??= new MemoryStore(surroundings);
      const store = reopening(memory);
      return withDefect(store, defect(store, openings++));
    },
  };
}

/** A store that says it is closed, while the one behind it goes on. */
function reopening(memory: MemoryStore): PipelineStore {
  const open = new Set<string>();
  let isClosed = false;
  const ifOpen =
    <Args extends readonly unknown[], Value>(call: (...args: Args) => Promise<Value>) =>
    async (...args: Args): Promise<Value> => {
      if (isClosed) throw new Error("the store is closed");
      return call(...args);
    };
  const { jobs } = withDefect(memory, {});
  return withDefect(memory, {
    logs: {
      open: ifOpen(async (channel, options) => {
        open.add(channel);
        return memory.open(channel, options);
      }),
      release: async (channel) => {
        open.delete(channel);
        await memory.release(channel);
      },
      close: async () => {
        isClosed = true;
        for (const channel of open) await memory.release(channel);
      },
    },
    jobs: { accept: ifOpen(jobs.accept), change: ifOpen(jobs.change) },
  });
}

/** A store whose calls go to this one, but for some. */
function withDefect(store: PipelineStore, { groups: groupCalls, jobs: jobCalls, logs }: Replaced): PipelineStore {
  const { groups, jobs } = store;
  return {
    ...callsOf(store),
    appendAll: async (batches, rider) => store.appendAll(batches, rider),
    ...logs,
    jobs: {
      heads: (after, max) => jobs.heads(after, max),
      accept: (drafts) => jobs.accept(drafts),
      read: (sequences) => jobs.read(sequences),
      change: (changes) => jobs.change(changes),
      rider: (changes) => jobs.rider(changes),
      find: (id) => jobs.find(id),
      dead: (range) => jobs.dead(range),
      ...jobCalls,
    },
    groups: {
      register: (group) => groups.register(group),
      forget: (name) => groups.forget(name),
      groups: () => groups.groups(),
      position: (name, channel) => groups.position(name, channel),
      positions: (name, after, max) => groups.positions(name, after, max),
      move: (name, positions) => groups.move(name, positions),
      channels: (after, max) => groups.channels(after, max),
      ...groupCalls,
    },
  };
}
