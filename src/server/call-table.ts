import type { Contract } from "../contract/contract.js";
import { BusbarError } from "../kernel/errors.js";
import type { CallHandler, CallTable } from "../session/call-handler.js";

/**
 * Look the application's handlers up by their patterns.
 *
 * @throws BusbarError `server/no-such-pattern` when a handler's pattern is none of the calls that the contract has the
 * server handle; `server/no-handler` when it is no function.
 */
export function callTable(app: Contract, handlers: object): CallTable {
  const table = new Map<string, CallHandler>();
  const entries: readonly [string, unknown][] = Object.entries(handlers);
  for (const [pattern, handler] of entries) {
    const definition = Object.hasOwn(app.definitions, pattern) ? app.definitions[pattern] : undefined;
    if (definition?.kind !== "call" || definition.handledBy !== "server") {
      throw new BusbarError("server/no-such-pattern", `the contract has no call "${pattern}" for the server to handle`);
    }
    if (!isHandler(handler)) throw new BusbarError("server/no-handler", `the handler of "${pattern}" is no function`);
    table.set(pattern, handler);
  }
  return table;
}

function isHandler(value: unknown): value is CallHandler {
  return typeof value === "function";
}
