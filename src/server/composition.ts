import type { Principal } from "../auth/principal.js";
import type { Contract } from "../contract/contract.js";
import { Hub } from "../hub/hub.js";
import type { Durability, LogOptions, Retention, Store } from "../hub/store.js";
import type { Clock } from "../kernel/clock.js";
import { BusbarError } from "../kernel/errors.js";
import type { Logger } from "../kernel/logger.js";
import type { Random } from "../kernel/random.js";
import { LocalExecutor, SplitExecutor } from "../pipeline/executor.js";
import type { GroupStore } from "../pipeline/group-store.js";
import type { JobStore } from "../pipeline/job-store.js";
import { pipelineLimits } from "../pipeline/pipeline.js";
import { processorTable, type ProcessorTable } from "../pipeline/processor-table.js";
import type { BusOptions } from "./options.js";
import { GroupExecutor } from "./group-executor.js";
import { Groups } from "./groups.js";
import { Processing } from "./processing.js";
import { Workers, type WorkersOptions } from "./workers.js";

/** What a server is made of, below its parts. */
export interface Foundations {
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly memory: Store;
  /** Undefined where everything is kept in memory. */
  readonly durable: Store | undefined;
  /** Both as one. */
  readonly store: Store;
  readonly table: ProcessorTable<Principal>;
}

/** An application's processors, and the module that they came from where it was one. */
export interface LoadedProcessors {
  readonly table: ProcessorTable<Principal>;
  readonly module: string | undefined;
}

/**
 * Look up the processors, which are a table, or a module that exports one as `process`.
 *
 * Rejects with `server/no-such-pattern`, `server/no-processor`, `pipeline/invalid-queue`, or `options/invalid`.
 */
export async function loadProcessors<App extends Contract>(
  app: App,
  { process = {} }: BusOptions<App>,
): Promise<LoadedProcessors> {
  if (!(process instanceof URL)) return { table: processorTable(app, process), module: undefined };
  const imported: unknown = await import(process.href);
  const exported: unknown =
    typeof imported === "object" && imported !== null ? Reflect.get(imported, "process") : undefined;
  if (typeof exported !== "object" || exported === null) {
    throw new BusbarError("options/invalid", `${process.href} has to export the processors as "process"`);
  }
  return { table: processorTable(app, exported), module: process.href };
}

/** The channels, kept in the memory and the store. */
export function openHub<App extends Contract>(app: App, options: BusOptions<App>, parts: Foundations): Hub {
  const { clock, durable, logger, store } = parts;
  return new Hub({ store, clock, logger, optionsOf: logOptionsOf(app, durable), limits: options.limits?.hub ?? {} });
}

/** The processes that run processors. Rejects with `options/invalid` or `server/cannot-listen`. */
export function openWorkers<App extends Contract>(
  app: App,
  options: BusOptions<App>,
  { module, ...parts }: Foundations & { readonly module: string | undefined },
): Promise<Workers> {
  const { clock, logger, random, table } = parts;
  const { workers = {} } = options;
  const chosen: WorkersOptions = typeof workers === "number" ? { count: workers } : workers;
  const { count = 0, listen } = chosen;
  const patterns = new Set([...table.byWorkers, ...(count > 0 ? table.processors.keys() : [])]);
  if (table.byWorkers.size > 0 && count === 0 && listen === undefined) {
    const text = `"${[...table.byWorkers].join('", "')}" is processed by workers, and none can come: set the option workers`;
    throw new BusbarError("options/invalid", text);
  }
  const leaseMs = Math.min(...Array.from(table.queues.values(), (queue) => queue.leaseMs), 60_000);
  return Workers.open({ options: chosen, contract: app, patterns, module, leaseMs, clock, random, logger });
}

/** What processes messages, and who follows them in groups. */
export interface OpenedPipeline {
  readonly processing: Processing;
  readonly groups: Groups;
}

/** The pipeline with its queues. Rejects with `server/no-queues`, or what a store rejects with. */
export async function openProcessing<App extends Contract>(
  app: App,
  options: BusOptions<App>,
  parts: Foundations & { readonly hub: Hub; readonly workers: Workers },
): Promise<OpenedPipeline> {
  const { clock, durable, hub, logger, memory, random, table, workers } = parts;
  const { processors, queued, queues } = table;
  const match = app.match.bind(app);
  const emitsMax = options.limits?.pipeline?.emitsMax ?? pipelineLimits.emitsMax;
  const local = new LocalExecutor<Principal>({ processors, match, emitsMax });
  const stores = { memory: jobsOf(memory), disk: durable && jobsOf(durable) };
  const durabilityOf = (pattern: string): Durability => {
    const definition = app.definitions[pattern];
    const asked = definition?.kind === "channel" ? definition.durability : undefined;
    return asked ?? (durable === undefined ? "memory" : "disk");
  };
  for (const pattern of queued) {
    if (stores[durabilityOf(pattern)] !== undefined) continue;
    throw new BusbarError("server/no-queues", `"${pattern}" is queued, and the store keeps no queues`);
  }
  const members = new GroupExecutor();
  const executor = new SplitExecutor(new SplitExecutor(local, workers.host), members);
  const limits = options.limits?.pipeline ?? {};
  const processing = await Processing.open({
    app,
    hub,
    executor,
    queued,
    queues,
    stores,
    durabilityOf,
    clock,
    random,
    logger,
    limits,
  });
  const groupStores = { memory: groupsOf(memory), disk: durable && groupsOf(durable) };
  const groups = new Groups({
    contract: app,
    hub,
    executor: members,
    durabilityOf,
    clock,
    logger,
    stores: (durability) => {
      const store = groupStores[durability];
      const jobs = processing.jobs(durability);
      return (
        store &&
        jobs && {
          groups: store,
          jobs,
        }
      );
    },
  });
  return { processing, groups };
}

function groupsOf(store: Store): GroupStore | undefined {
  return "groups" in store && isGroupStore(store.groups) ? store.groups : undefined;
}

function isGroupStore(value: unknown): value is GroupStore {
  return typeof value === "object" && value !== null && "register" in value && "move" in value;
}

/** Where a store keeps queued messages; undefined for one that does not. */
export function jobsOf(store: Store): JobStore | undefined {
  return "jobs" in store && isJobStore(store.jobs) ? store.jobs : undefined;
}

function isJobStore(value: unknown): value is JobStore {
  return typeof value === "object" && value !== null && "accept" in value && "rider" in value;
}

function logOptionsOf(app: Contract, durable: Store | undefined): (channel: string) => LogOptions {
  const nothing: Retention = { keep: 0, forMs: Infinity, bytesMax: Infinity };
  const durabilityDefault = durable === undefined ? "memory" : "disk";
  return (channel) => {
    const definition = app.match(channel)?.definition;
    return { retention: definition?.history ?? nothing, durability: definition?.durability ?? durabilityDefault };
  };
}

/** @throws BusbarError `server/not-durable` */
export function requireNoDisk(app: Contract): void {
  for (const [pattern, definition] of Object.entries(app.definitions)) {
    if (definition.kind !== "channel" || definition.durability !== "disk") continue;
    const message = `"${pattern}" asks for durability "disk", and there is no store: pass a folder, such as store: "./data"`;
    throw new BusbarError("server/not-durable", message);
  }
}
