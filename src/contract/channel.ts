import { BusbarError } from "../kernel/errors.js";
import { requireOptions, requireRoles, requireSchema } from "./definition-check.js";
import { bytes, milliseconds, type Duration, type Size } from "./quantities.js";
import type { StandardSchema } from "./standard-schema.js";

/** How much of a channel's log can be read again. A message is kept until one of these lets go of it. */
export interface History {
  /** The newest so many messages. Default: 10,000. */
  readonly keep?: number;
  /** Messages that are not older. Default: no bound. */
  readonly for?: Duration;
  /** The newest messages that take about so many bytes together. Default: no bound. */
  readonly bytes?: Size;
}

/** The same with its defaults, in milliseconds and bytes; `Infinity` where there is no bound. */
export interface HistoryBounds {
  readonly keep: number;
  readonly forMs: number;
  readonly bytesMax: number;
}

/** Which roles may do what. What is left out, nobody may. */
export interface Allow {
  readonly subscribe?: readonly string[];
  readonly publish?: readonly string[];
  /** Who may be seen as present. Who is subscribed sees the others. */
  readonly presence?: readonly string[];
}

export interface ChannelOptions<
  Message extends StandardSchema,
  Presence extends StandardSchema | undefined,
  Rejection extends StandardSchema | undefined,
> {
  /** What a message must be: a schema of Zod, Valibot, ArkType or any other that implements Standard Schema. */
  readonly message: Message;
  readonly history?: History;
  /**
   * What a message has survived when its publish resolves, and before anybody is sent it: `memory`, as long as the server
   * lives; `disk`, an fsync has covered it. Default: as much as the server's store can.
   */
  readonly durability?: "memory" | "disk";
  /** What a member tells about itself. Without it the channel has no presence. */
  readonly presence?: Presence;
  /** What the channel's processor says when it rejects a message. Without it the reason is any text. */
  readonly rejection?: Rejection;
  readonly allow?: Allow;
  /** Stands for the schemas in the contract's fingerprint: to be given where a library cannot describe its schemas. */
  readonly version?: string | number;
}

/** A kind of channel, as `channel()` makes it, with its defaults filled in. */
export interface ChannelDefinition<
  Message extends StandardSchema = StandardSchema,
  Presence extends StandardSchema | undefined = StandardSchema | undefined,
  Rejection extends StandardSchema | undefined = StandardSchema | undefined,
> {
  readonly kind: "channel";
  readonly message: Message;
  readonly history: HistoryBounds;
  readonly durability: "memory" | "disk" | undefined;
  readonly presence: Presence;
  readonly rejection: Rejection;
  readonly allow: Allow;
  readonly version: string | number | undefined;
}

const keepDefault = 10_000;

const optionNames = ["message", "history", "durability", "presence", "rejection", "allow", "version"];
const historyNames = ["keep", "for", "bytes"];

/**
 * Describe a kind of channel.
 *
 * @example channel({ message: z.object({ text: z.string() }), allow: { subscribe: ["member"], publish: ["member"] } })
 * @throws BusbarError `contract/invalid-history`, `contract/invalid-schema`, `contract/invalid-allow`,
 * `contract/invalid-durability` or `contract/invalid-option`.
 */
export function channel<Message extends StandardSchema>(
  options: ChannelOptions<Message, undefined, undefined>,
): ChannelDefinition<Message, undefined, undefined>;
export function channel<Message extends StandardSchema, Presence extends StandardSchema>(
  options: ChannelOptions<Message, Presence, undefined>,
): ChannelDefinition<Message, Presence, undefined>;
export function channel<Message extends StandardSchema, Rejection extends StandardSchema>(
  options: ChannelOptions<Message, undefined, Rejection>,
): ChannelDefinition<Message, undefined, Rejection>;
export function channel<
  Message extends StandardSchema,
  Presence extends StandardSchema,
  Rejection extends StandardSchema,
>(options: ChannelOptions<Message, Presence, Rejection>): ChannelDefinition<Message, Presence, Rejection>;
export function channel(
  options: ChannelOptions<StandardSchema, StandardSchema | undefined, StandardSchema | undefined>,
): ChannelDefinition {
  requireOptions("channel()", options, optionNames);
  const { message, presence, rejection, durability, history = {}, allow = {}, version } = options;
  requireSchema("message", message);
  if (presence !== undefined) requireSchema("presence", presence);
  if (rejection !== undefined) requireSchema("rejection", rejection);
  requireRoles(allow, ["subscribe", "publish", "presence"]);
  if (durability !== undefined && durability !== "memory" && durability !== "disk") {
    throw new BusbarError("contract/invalid-durability", `durability is "memory" or "disk", not ${String(durability)}`);
  }
  return { kind: "channel", message, presence, rejection, durability, history: boundsOf(history), allow, version };
}

function boundsOf(history: History): HistoryBounds {
  requireOptions("history", history, historyNames);
  const { keep = keepDefault, for: duration, bytes: size } = history;
  if (!Number.isSafeInteger(keep) || keep < 0) {
    throw new BusbarError("contract/invalid-history", `history.keep is a whole number from 0, not ${keep}`);
  }
  return {
    keep,
    forMs: duration === undefined ? Number.POSITIVE_INFINITY : milliseconds(duration),
    bytesMax: size === undefined ? Number.POSITIVE_INFINITY : bytes(size),
  };
}
