import type { Contract } from "../contract/contract.js";
import {
  isOperatorCall,
  type DeadLetterChoice,
  type DeadLetterQuery,
  type RedriveChoice,
} from "../contract/operator-calls.js";
import type { CallHandler } from "../session/call-handler.js";
import { WireError } from "../wire/errors.js";
import type { Processing } from "./processing.js";

/**
 * The server's own handlers of those operators' calls that a contract has. A letter that there is none of is refused with
 * the error's text.
 */
export function operatorHandlers(app: Contract, processing: Processing): [pattern: string, handler: CallHandler][] {
  const handlers: Readonly<Record<string, (input: never) => Promise<unknown>>> = {
    "operate/dead-letters": async (query: DeadLetterQuery) => ({ letters: await processing.deadLetters(query) }),
    "operate/redrive": ({ data, id, queue }: RedriveChoice) =>
      id === undefined
        ? count(processing.redriveAll(queue))
        : one(processing.redrive(id, data === undefined ? undefined : { data })),
    "operate/discard": ({ id, queue }: DeadLetterChoice) =>
      id === undefined ? count(processing.discardAll(queue)) : one(processing.discard(id)),
    "operate/pipeline": async () => ({ snapshot: processing.snapshot }),
  };
  return Object.entries(handlers)
    .filter(([pattern]) => isOurs(app, pattern))
    .map(([pattern, handler]): [string, CallHandler] => [
      pattern,
      async (input, { refuse }) => {
        try {
          // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the contract's schema has checked it
          return await handler(input as never);
        } catch (error) {
          if (error instanceof WireError) return refuse(`${error.code}: ${error.message}`);
          throw error;
        }
      },
    ]);
}

/** Whether the contract has the call from `operatorCalls`, and not one of its own with this name. */
function isOurs(app: Contract, pattern: string): boolean {
  const definition = Object.hasOwn(app.definitions, pattern) ? app.definitions[pattern] : undefined;
  return definition?.kind === "call" && isOperatorCall(definition);
}

async function count(done: Promise<number>): Promise<{ readonly count: number }> {
  return { count: await done };
}

async function one(done: Promise<void>): Promise<{ readonly count: number }> {
  await done;
  return { count: 1 };
}
