import type { WireError } from "../wire/errors.js";

/** Refusals that pass: the message comes again, and what is behind it must not overtake it. */
const passing: ReadonlySet<string> = new Set([
  "limit/rate",
  "server/busy",
  "server/stopping",
  "server/log-unavailable",
  "publish/out-of-turn",
]);

/** So many channels can have refused messages at once; then the oldest is not looked after any more. */
const HELD_CHANNELS_MAX = 1_000;

/** A message that was refused for now. */
export interface Held {
  readonly seq: number;
  readonly retryAfterMs: number | undefined;
}

interface Channel {
  readonly first: Held;
  /** The first of those behind it that were refused. */
  readonly next: Held | undefined;
}

/** By channel, the first of a client's messages that was refused for now. */
export class HeldMessages {
  /** Undefined until a message was refused: few sessions ever need it. */
  #channels: Map<string, Channel> | undefined;

  /** A message was refused. Nothing happens where it has no number, and where it will not come again. */
  refused({ channel, seq }: { readonly channel: string; readonly seq?: number }, error: WireError): void {
    if (seq === undefined || !passing.has(error.code)) return;
    const refused: Held = { seq, retryAfterMs: error.retryAfterMs };
    const channels = (this.#channels ??= new Map<string, Channel>());
    const held = channels.get(channel);
    channels.set(channel, held === undefined ? { first: refused, next: undefined } : withRefused(held, refused));
    if (channels.size > HELD_CHANNELS_MAX) forgetOldest(channels);
  }

  /** A message comes: undefined when it may pass, or the message that has to come before it. */
  before(channel: string, seq: number): Held | undefined {
    const channels = this.#channels;
    const held = channels?.get(channel);
    if (channels === undefined || held === undefined) return undefined;
    const { first, next } = held;
    if (seq > first.seq) return first;
    // A message from before the held one, which waited meanwhile, does not let what is behind that pass.
    if (seq < first.seq) return undefined;
    if (next === undefined) channels.delete(channel);
    else channels.set(channel, { first: next, next: undefined });
    return undefined;
  }
}

function forgetOldest(channels: Map<string, Channel>): void {
  for (const oldest of channels.keys()) return void channels.delete(oldest);
}

function withRefused({ first, next }: Channel, refused: Held): Channel {
  if (refused.seq < first.seq) return { first: refused, next: first };
  if (refused.seq === first.seq) return { first, next };
  return { first, next: next !== undefined && next.seq < refused.seq ? next : refused };
}
