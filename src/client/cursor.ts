import type { GapPush, MessagePush, Position, SubscribeFrom } from "../wire/messages.js";
import { clientError } from "./errors.js";

/** Where reading begins: behind the newest message, with the oldest kept, with the last N, or behind a position. */
export type ReadFrom = "now" | "start" | `last ${number}` | Position;

/** A message as its reader gets it. */
export interface Message<Data> {
  readonly type: "message";
  readonly data: Data;
  /** To be given as `from` when reading is to go on behind this message, also in another process. */
  readonly position: Position;
  /** The publisher's principal id. */
  readonly from: string;
  /** When the server took it, in milliseconds since 1970 UTC. */
  readonly at: number;
}

/** Messages between the last one and the next one are no longer in the log. */
export interface Gap {
  readonly type: "gap";
  /** The messages go on behind it. */
  readonly position: Position;
  /** The first and the last lost offset; missing where that is not known. */
  readonly lost?: { readonly from: number; readonly to: number };
}

export type ReadItem<Data> = Message<Data> | Gap;

/**
 * The wire's form of `from`.
 *
 * @throws BusbarError `subscription/invalid-from`
 */
export function subscribeFrom(from: ReadFrom): SubscribeFrom {
  if (from === "now" || from === "start") return from;
  if (typeof from === "object") return { epoch: from.epoch, offset: from.offset };
  const last = /^last (\d{1,15})$/.exec(from)?.[1];
  if (last === undefined) throw clientError("subscription/invalid-from");
  return { last: Number(last) };
}

/** How far a reader is in a channel's log, whatever happens to the connections. */
export class Cursor {
  readonly #from: SubscribeFrom;
  #position: Position | undefined;
  /** Where the server goes on, when that is not where the reader is: it has to say what is lost. */
  #elsewhere: Position | undefined;

  constructor(from: SubscribeFrom) {
    this.#from = from;
    if (typeof from === "object" && "epoch" in from) this.#position = from;
  }

  /** What the next subscription has to begin from so that nothing is missing and nothing comes twice. */
  get from(): SubscribeFrom {
    return this.#position ?? this.#from;
  }

  /** The server's answer to a subscription: the messages go on behind `position`. */
  begin(position: Position): void {
    this.#position ??= position;
    // The position is not taken over before the reader knows of the gap, or a cut right now would hide it.
    this.#elsewhere = isSame(this.#position, position) ? undefined : position;
  }

  /** The items for the reader that this push stands for: none for a repetition, a gap before it where one was not told. */
  accept(push: MessagePush): ReadItem<unknown>[] {
    const before = this.#position;
    if (before === undefined) return [];
    const epoch = (this.#elsewhere ?? before).epoch;
    const isNewEpoch = epoch !== before.epoch;
    if (!isNewEpoch && push.offset <= before.offset) return [];
    const position = { epoch, offset: push.offset };
    const message: ReadItem<unknown> = { type: "message", data: push.data, position, from: push.from, at: push.at };
    this.#position = position;
    this.#elsewhere = undefined;
    const last = { epoch, offset: push.offset - 1 };
    if (isNewEpoch) return [{ type: "gap", position: last }, message];
    if (last.offset === before.offset) return [message];
    return [{ type: "gap", position: last, lost: { from: before.offset + 1, to: last.offset } }, message];
  }

  /** The server says what is lost. */
  acceptGap(push: GapPush): ReadItem<unknown> {
    this.#position = push.position;
    this.#elsewhere = undefined;
    const { position, lost } = push;
    return lost === undefined ? { type: "gap", position } : { type: "gap", position, lost };
  }
}

function isSame(one: Position, other: Position): boolean {
  return one.epoch === other.epoch && one.offset === other.offset;
}
