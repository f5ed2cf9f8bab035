import type { GapPush, MessagePush, Position, SubscribeFrom, SubscribePolicy } from "../wire/messages.js";
import { clientError } from "./errors.js";

/** Where reading begins: behind the newest message, with the oldest kept, with the last N, or behind a position. */
export type ReadFrom = "now" | "start" | `last ${number}` | Position;

/** Messages that a reader does not get: they are no longer in the log. */
export interface Gap {
  /** The messages go on behind it. */
  readonly position: Position;
  /** The first and the last lost offset; missing where that is not known. */
  readonly lost?: { readonly from: number; readonly to: number };
}

/** A message as its reader gets it. */
export interface Message<Data> {
  readonly data: Data;
  /** To be given as `from` when reading is to go on behind this message, also in another process. */
  readonly position: Position;
  /** The publisher's principal id. */
  readonly from: string;
  /** When the server took it, in milliseconds since 1970 UTC. */
  readonly at: number;
  /** What was lost right before this message; undefined where nothing was. */
  readonly gap: Gap | undefined;
}

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
  /** With `latest` the offsets jump: only what the server calls a gap is one. */
  readonly #areJumpsGaps: boolean;
  readonly #onGap: (gap: Gap) => void;
  #position: Position | undefined;
  /** Where the server goes on, when that is not where the reader is: it has to say what is lost. */
  #elsewhere: Position | undefined;
  /** What was lost since the last message, for the next one. */
  #gap: Gap | undefined;

  /** `onGap` is called at once, before the next message comes. */
  constructor(from: SubscribeFrom, policy: SubscribePolicy["kind"], onGap: (gap: Gap) => void) {
    this.#from = from;
    this.#areJumpsGaps = policy !== "latest";
    this.#onGap = onGap;
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

  /** The message for the reader; undefined for a repetition. Until `advance` nothing has changed but for a gap. */
  read(push: MessagePush): Message<unknown> | undefined {
    const before = this.#position;
    if (before === undefined) return undefined;
    const { epoch } = this.#elsewhere ?? before;
    const isNewEpoch = epoch !== before.epoch;
    if (!isNewEpoch && push.offset <= before.offset) return undefined;
    const last = { epoch, offset: push.offset - 1 };
    if (isNewEpoch) this.#lose({ position: last });
    else if (this.#areJumpsGaps && last.offset > before.offset)
      this.#lose({ position: last, lost: { from: before.offset + 1, to: last.offset } });
    const { data, from, at, offset } = push;
    return { data, position: { epoch, offset }, from, at, gap: this.#gap };
  }

  /** The reader has the message, or will find it in its inbox. */
  advance(message: Message<unknown>): void {
    this.#position = message.position;
    this.#elsewhere = undefined;
    this.#gap = undefined;
  }

  /** The server says what is lost. */
  readGap({ position, lost }: GapPush): void {
    this.#lose(lost === undefined ? { position } : { position, lost });
  }

  #lose(gap: Gap): void {
    this.#position = gap.position;
    this.#elsewhere = undefined;
    this.#gap = joinGaps(this.#gap, gap);
    this.#onGap(gap);
  }
}

/** Two gaps without a message between them are one. */
export function joinGaps(one: Gap | undefined, other: Gap | undefined): Gap | undefined {
  if (one === undefined || other === undefined) return one ?? other;
  const { position } = other;
  return one.lost === undefined || other.lost === undefined
    ? { position }
    : { position, lost: { from: one.lost.from, to: other.lost.to } };
}

function isSame(one: Position, other: Position): boolean {
  return one.epoch === other.epoch && one.offset === other.offset;
}
