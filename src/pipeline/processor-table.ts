import type { Contract } from "../contract/contract.js";
import type { Params } from "../contract/pattern.js";
import { BusbarError } from "../kernel/errors.js";
import type { Processor } from "./processor.js";
import { byWorkers, queueDefaults, queueSettings, type Queued, type QueueSettings } from "./queued.js";

/** A processor of whatever messages: the contract's schema has checked them before it is called. */
export type AnyProcessor<Principal> = Processor<unknown, Params, Principal>;

/** An application's processors, looked up. */
export interface ProcessorTable<Principal> {
  /** Those that are functions, by pattern. */
  readonly processors: ReadonlyMap<string, AnyProcessor<Principal>>;
  /** The patterns whose messages are accepted first and processed afterwards. */
  readonly queued: ReadonlySet<string>;
  /** The patterns whose processors only workers have. */
  readonly byWorkers: ReadonlySet<string>;
  /** A queue for every pattern of a channel: a message of any channel can be scheduled. */
  readonly queues: ReadonlyMap<string, QueueSettings>;
}

/**
 * Look the application's processors up by their patterns.
 *
 * @throws BusbarError `server/no-such-pattern` when a processor's pattern is not one of the contract's;
 * `server/no-processor` when it is no function; `pipeline/invalid-queue`.
 */
export function processorTable<Principal>(app: Contract, table: object): ProcessorTable<Principal> {
  const processors = new Map<string, AnyProcessor<Principal>>();
  const queued = new Set<string>();
  const remote = new Set<string>();
  const queues = new Map<string, QueueSettings>();
  for (const [pattern, { kind }] of Object.entries(app.definitions)) {
    if (kind === "channel") queues.set(pattern, queueDefaults);
  }
  const entries: readonly [string, unknown][] = Object.entries(table);
  for (const [pattern, entry] of entries) {
    if (!queues.has(pattern)) {
      throw new BusbarError("server/no-such-pattern", `the contract has no channel "${pattern}" to process`);
    }
    const isLater = isQueued(entry);
    const processor: unknown = isLater ? entry.processor : entry;
    if (isLater) {
      queued.add(pattern);
      queues.set(pattern, queueSettings(entry.options));
    }
    if (isLater && processor === byWorkers) remote.add(pattern);
    else if (isProcessor<Principal>(processor)) processors.set(pattern, processor);
    else throw new BusbarError("server/no-processor", `the processor of "${pattern}" is no function`);
  }
  return { processors, queued, byWorkers: remote, queues };
}

/** By its shape: a module of processors can have loaded the package once more. */
function isQueued(value: unknown): value is Queued<unknown, Params, unknown> {
  return typeof value === "object" && value !== null && "kind" in value && value.kind === "queued";
}

function isProcessor<Principal>(value: unknown): value is AnyProcessor<Principal> {
  return typeof value === "function";
}
