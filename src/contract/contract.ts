import { BusbarError } from "../kernel/errors.js";
import type { CallDefinition } from "./call.js";
import type { ChannelDefinition } from "./channel.js";
import { fingerprint, partFingerprint } from "./fingerprint.js";
import { validate, type Validation } from "./validation.js";
import { PatternTree, type Params, type PatternMatch } from "./pattern.js";

/** What a pattern can stand for. */
export type Definition = ChannelDefinition | CallDefinition;

/** Kinds of channels, and calls, by pattern. */
export type Definitions = Readonly<Record<string, Definition>>;

/** Kinds of channels by pattern. */
export type ChannelDefinitions = Readonly<Record<string, ChannelDefinition>>;

/** Which kind of channel a name means. */
export interface ChannelMatch {
  readonly pattern: string;
  /** `{ room: "lobby" }` for `chat/lobby` and the pattern `chat/:room`. */
  readonly params: Params;
  readonly definition: ChannelDefinition;
}

/** Which call a name means. */
export interface CallMatch {
  readonly pattern: string;
  readonly params: Params;
  readonly definition: CallDefinition;
}

/** The typed description of an application's channels and calls, shared by server and client. */
export interface Contract<Parts extends Definitions = Definitions> {
  readonly definitions: Parts;
  /** The kind of channel that a valid name means; undefined where no pattern of a channel matches. */
  match(name: string): ChannelMatch | undefined;
  /** The call that a valid name means; undefined where no pattern of a call matches. */
  matchCall(name: string): CallMatch | undefined;
  /** Hold a message against the schema of its channel; undefined where no pattern of a channel matches. */
  check(channel: string, data: unknown): Validation<unknown> | Promise<Validation<unknown>> | undefined;
  /** The same for the same schemas, wherever and in whatever order they are written. */
  readonly fingerprint: string;
  /** The fingerprint of each part, by pattern. */
  readonly parts: Readonly<Record<string, string>>;
}

/**
 * Describe an application's channels and calls, by patterns: segments joined by `/`, of which `:name` takes any value.
 *
 * @example contract({ "chat/:room": channel({ message: z.object({ text: z.string() }) }) })
 * @throws BusbarError `contract/invalid-pattern`, `contract/duplicate-pattern` or `contract/invalid-definition`.
 */
export function contract<const Parts extends Definitions>(definitions: Parts): Contract<Parts> {
  const channels = new PatternTree<ChannelDefinition>();
  const calls = new PatternTree<CallDefinition>();
  const all = new PatternTree<Definition>();
  for (const [pattern, definition] of Object.entries<Definition>(definitions)) {
    all.add(pattern, definition);
    // Who writes JavaScript can give anything.
    switch (definition?.kind) {
      case "channel":
        channels.add(pattern, definition);
        break;
      case "call":
        calls.add(pattern, definition);
        break;
      default:
        throw new BusbarError("contract/invalid-definition", `"${pattern}" is made neither by channel() nor by call()`);
    }
  }
  const parts = Object.fromEntries(
    Object.entries<Definition>(definitions).map(([pattern, definition]) => [pattern, partFingerprint(definition)]),
  );
  return {
    definitions,
    match: (name) => matchOf(channels.find(name)),
    matchCall: (name) => matchOf(calls.find(name)),
    check: (name, data) => {
      const definition = channels.find(name)?.value;
      return definition && validate(definition.message, data);
    },
    fingerprint: fingerprint(parts),
    parts,
  };
}

function matchOf<Value>(
  found: PatternMatch<Value> | undefined,
): { readonly pattern: string; readonly params: Params; readonly definition: Value } | undefined {
  return found && { pattern: found.pattern, params: found.params, definition: found.value };
}
