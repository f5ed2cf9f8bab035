import { call, type CallDefinition, type CallOf } from "./call.js";
import type { StandardSchema } from "./standard-schema.js";

/** A message whose processor failed for the last time, as operators see it. */
export interface DeadLetterView {
  /** The message's id. */
  readonly id: string;
  readonly channel: string;
  /** Its queue: the pattern of its channel, or `group:` and a group's name. */
  readonly queue: string;
  readonly key: string;
  readonly data: unknown;
  /** The publisher's principal id. */
  readonly from: string;
  /** When it was accepted, in milliseconds since 1970 UTC. */
  readonly at: number;
  readonly attempts: number;
  readonly failures: readonly { readonly attempt: number; readonly at: number; readonly error: string }[];
  /** Goes into `after`, to list what is behind it. */
  readonly place: string;
}

/** Which dead letters to list: of one queue or of all, behind a place, at most 100. */
export interface DeadLetterQuery {
  readonly queue?: string;
  readonly after?: string;
  readonly max?: number;
}

/** One message by its id, or all of a queue, or all. */
export interface DeadLetterChoice {
  readonly id?: string;
  readonly queue?: string;
}

/** The same; with `data`, a message by its id is processed as this. */
export interface RedriveChoice extends DeadLetterChoice {
  readonly data?: unknown;
}

/** What operators can call, by name. */
export interface OperatorCalls {
  readonly "operate/dead-letters": OperatorCall<DeadLetterQuery, { readonly letters: readonly DeadLetterView[] }>;
  readonly "operate/redrive": OperatorCall<RedriveChoice, { readonly count: number }>;
  readonly "operate/discard": OperatorCall<DeadLetterChoice, { readonly count: number }>;
  readonly "operate/pipeline": OperatorCall<Readonly<Record<never, never>>, { readonly snapshot: unknown }>;
}

type OperatorCall<Input, Output> = CallOf<{
  readonly input: StandardSchema<Input>;
  readonly output: StandardSchema<Output>;
}>;

/** The members that an input can have, and their types. */
type Shape = Readonly<Record<string, "string" | "number" | "any">>;

/**
 * Calls for those who run a server, to be part of its contract: the server handles them itself.
 *
 * @param roles who may call them
 * @example contract({ ...operatorCalls(["operator"]), "orders/:id": channel({ … }) })
 */
export function operatorCalls(roles: readonly string[]): OperatorCalls {
  const allow = { call: roles };
  const version = 1;
  return {
    "operate/dead-letters": call({
      input: objectWith<DeadLetterQuery>({ queue: "string", after: "string", max: "number" }),
      output: anything<{ readonly letters: readonly DeadLetterView[] }>(),
      allow,
      version,
    }),
    "operate/redrive": call({
      input: objectWith<RedriveChoice>({ id: "string", queue: "string", data: "any" }),
      output: anything<{ readonly count: number }>(),
      allow,
      version,
    }),
    "operate/discard": call({
      input: objectWith<DeadLetterChoice>({ id: "string", queue: "string" }),
      output: anything<{ readonly count: number }>(),
      allow,
      version,
    }),
    "operate/pipeline": call({
      input: objectWith<Readonly<Record<never, never>>>({}),
      output: anything<{ readonly snapshot: unknown }>(),
      allow,
      version,
    }),
  };
}

/** Whether a call is one of `operatorCalls`, and not one of an application that has its name. */
export function isOperatorCall({ input }: CallDefinition): boolean {
  return input["~standard"].vendor === "busbar";
}

/** An object in which each of these members is missing or of its type; others are left out. */
function objectWith<Value>(shape: Shape): StandardSchema<Value> {
  return {
    "~standard": {
      version: 1,
      vendor: "busbar",
      validate: (value) => {
        if (typeof value !== "object" || value === null) return { issues: [{ message: "must be an object" }] };
        const members: Record<string, unknown> = {};
        for (const [name, type] of Object.entries(shape)) {
          const member: unknown = Object.hasOwn(value, name) ? Reflect.get(value, name) : undefined;
          if (member === undefined) continue;
          if (type !== "any" && typeof member !== type) {
            return { issues: [{ message: `must be a ${type}`, path: [name] }] };
          }
          members[name] = member;
        }
        // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the shape is that of the type
        return { value: members as Value };
      },
    },
  };
}

/** Whatever the server answers with. */
function anything<Value>(): StandardSchema<Value> {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the server makes it
  return { "~standard": { version: 1, vendor: "busbar", validate: (value) => ({ value: value as Value }) } };
}
