import { BusbarError } from "../kernel/errors.js";
import { PatternTree, type Params } from "./pattern.js";
import type { StandardSchema } from "./standard-schema.js";

/** How much of a channel's log is kept. */
export interface History {
  /** The newest so many messages can be read again. Default: 10,000. */
  readonly keep?: number;
}

/** Which roles may do what. What is left out, nobody may. */
export interface Allow {
  readonly subscribe?: readonly string[];
  readonly publish?: readonly string[];
  /** Who may be seen as present. Who is subscribed sees the others. */
  readonly presence?: readonly string[];
}

export interface ChannelOptions<Message extends StandardSchema, Presence extends StandardSchema | undefined> {
  /** What a message must be: a schema of Zod, Valibot, ArkType or any other that implements Standard Schema. */
  readonly message: Message;
  readonly history?: History;
  /** What a member tells about itself. Without it the channel has no presence. */
  readonly presence?: Presence;
  readonly allow?: Allow;
}

/** A kind of channel, as `channel()` makes it, with its defaults filled in. */
export interface ChannelDefinition<
  Message extends StandardSchema = StandardSchema,
  Presence extends StandardSchema | undefined = StandardSchema | undefined,
> {
  readonly message: Message;
  readonly history: Required<History>;
  readonly presence: Presence;
  readonly allow: Allow;
}

/** Kinds of channels by pattern. */
export type ChannelDefinitions = Readonly<Record<string, ChannelDefinition>>;

/** Which kind of channel a name means. */
export interface ChannelMatch {
  readonly pattern: string;
  /** `{ room: "lobby" }` for `chat/lobby` and the pattern `chat/:room`. */
  readonly params: Params;
  readonly definition: ChannelDefinition;
}

/** The typed description of an application's channels, shared by server and client. */
export interface Contract<Channels extends ChannelDefinitions = ChannelDefinitions> {
  readonly channels: Channels;
  /** The kind of channel that a valid name means; undefined where no pattern matches. */
  match(name: string): ChannelMatch | undefined;
}

const keepDefault = 10_000;

/**
 * Describe a kind of channel.
 *
 * @example channel({ message: z.object({ text: z.string() }), allow: { subscribe: ["member"], publish: ["member"] } })
 * @throws BusbarError `contract/invalid-history` when `keep` is not a whole number from 0.
 */
export function channel<Message extends StandardSchema>(
  options: ChannelOptions<Message, undefined>,
): ChannelDefinition<Message, undefined>;
export function channel<Message extends StandardSchema, Presence extends StandardSchema>(
  options: ChannelOptions<Message, Presence>,
): ChannelDefinition<Message, Presence>;
export function channel(options: ChannelOptions<StandardSchema, StandardSchema | undefined>): ChannelDefinition {
  const { message, presence, history = {}, allow = {} } = options;
  const keep = history.keep ?? keepDefault;
  if (!Number.isSafeInteger(keep) || keep < 0) {
    throw new BusbarError("contract/invalid-history", `history.keep is a whole number from 0, not ${keep}`);
  }
  return { message, presence, history: { keep }, allow };
}

/**
 * Describe an application's channels, by patterns: segments joined by `/`, of which `:name` takes any value.
 *
 * @example contract({ "chat/:room": channel({ message: z.object({ text: z.string() }) }) })
 * @throws BusbarError `contract/invalid-pattern` or `contract/duplicate-pattern`.
 */
export function contract<const Channels extends ChannelDefinitions>(channels: Channels): Contract<Channels> {
  const tree = new PatternTree<ChannelDefinition>();
  for (const [pattern, definition] of Object.entries(channels)) tree.add(pattern, definition);
  return {
    channels,
    match(name) {
      const found = tree.find(name);
      return found === undefined
        ? undefined
        : { pattern: found.pattern, params: found.params, definition: found.value };
    },
  };
}
