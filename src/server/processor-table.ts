import type { Principal } from "../auth/principal.js";
import type { Contract } from "../contract/contract.js";
import type { Params } from "../contract/pattern.js";
import { BusbarError } from "../kernel/errors.js";
import type { Processor } from "../pipeline/processor.js";

/** A processor of whatever messages: the contract's schema has checked them before it is called. */
export type AnyProcessor = Processor<unknown, Params, Principal>;

/**
 * Look the application's processors up by their patterns.
 *
 * @throws BusbarError `server/no-such-pattern` when a processor's pattern is not one of the contract's;
 * `server/no-processor` when it is no function.
 */
export function processorTable(app: Contract, processors: object): ReadonlyMap<string, AnyProcessor> {
  const table = new Map<string, AnyProcessor>();
  const entries: readonly [string, unknown][] = Object.entries(processors);
  for (const [pattern, processor] of entries) {
    if (!Object.hasOwn(app.definitions, pattern) || app.definitions[pattern]?.kind !== "channel") {
      throw new BusbarError("server/no-such-pattern", `the contract has no channel "${pattern}" to process`);
    }
    if (!isProcessor(processor))
      throw new BusbarError("server/no-processor", `the processor of "${pattern}" is no function`);
    table.set(pattern, processor);
  }
  return table;
}

function isProcessor(value: unknown): value is AnyProcessor {
  return typeof value === "function";
}
