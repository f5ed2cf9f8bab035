import type { BusbarError } from "../kernel/errors.js";
import type { Position, PresenceMember } from "../wire/messages.js";
import type { Message } from "./store.js";

/** Messages that a subscriber cannot be given any more. */
export interface Gap {
  /** The messages go on behind it. */
  readonly position: Position;
  /** The offsets that are gone, both included; undefined where that is not known. */
  readonly lost: { readonly from: number; readonly to: number } | undefined;
}

/** What changed in a channel's presence, or all of it. The same object goes to every subscriber. */
export type PresenceUpdate = PresenceAll | PresenceChange;

export interface PresenceAll {
  readonly kind: "all";
  readonly channel: string;
  readonly members: readonly PresenceMember[];
}

export interface PresenceChange {
  readonly kind: "change";
  readonly channel: string;
  readonly joined: readonly PresenceMember[];
  readonly left: readonly string[];
}

/**
 * Where a subscription's messages go: a session's connection.
 *
 * It takes messages until so much waits that it refuses one. A subscription that was refused, or that sees that
 * something waits while it catches up, calls `waits`, and goes on when its `drained` is called.
 */
export interface Sink {
  /** Whether bytes wait that the connection has not taken. Then they leave some time, and `waits` can be answered. */
  readonly isBusy: boolean;
  /** Take a message; false: not taken, so much waits already. */
  message(message: Message): boolean;
  /** Take a gap, always. It stands before the next message. */
  gap(gap: Gap): void;
  /** Take an update of the channel's presence; false: not taken. */
  presence(update: PresenceUpdate): boolean;
  /** The subscription stopped: call its `drained` when what waits has left. */
  waits(): void;
  /** The subscription, whose policy is `disconnect`, has ended: a message was not taken. */
  tooSlow(): void;
  /** The subscription has ended by itself. */
  ended(error: BusbarError): void;
}
