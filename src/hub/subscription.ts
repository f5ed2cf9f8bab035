import type { Position } from "../wire/messages.js";
import type { Place } from "./channel-log.js";
import { Cursor, type CursorLog, type CursorOwner, type Policy } from "./cursor.js";
import type { PresenceFeed, PresenceWatcher } from "./presence-feed.js";
import type { PresenceChange, Sink } from "./sink.js";

export interface SubscriptionOptions<To extends Sink> {
  readonly log: CursorLog;
  readonly sink: To;
  readonly place: Place;
  readonly policy: Policy;
  /** What to tell of the channel's presence; undefined for nothing. */
  readonly presence: PresenceFeed | undefined;
  readonly onEnd: () => void;
}

/** One subscriber of a channel: its cursor on the log, and its view of who is there. */
export class Subscription<To extends Sink = Sink> implements PresenceWatcher, CursorOwner {
  /** Where its messages go. */
  readonly sink: To;
  readonly #presence: PresenceFeed | undefined;
  readonly #onEnd: () => void;
  /** The offset of the newest message when it was opened. */
  readonly head: number;
  readonly #cursor: Cursor;
  /** The sink refused an update: it gets the whole presence when it has room. */
  #isPresenceStale = false;
  #hasEnded = false;

  constructor(options: SubscriptionOptions<To>) {
    const { log, onEnd, place, policy, presence, sink } = options;
    this.sink = sink;
    this.#presence = presence;
    this.#onEnd = onEnd;
    this.head = log.head;
    this.#cursor = new Cursor(log, sink, { ...place, policy, owner: this });
  }

  /** The last message that the subscriber was given, or behind which it began. */
  get position(): Position {
    return this.#cursor.position;
  }

  /** Begin: who is there, a gap where what was asked for is gone, then the messages. */
  start(): void {
    const presence = this.#presence;
    if (presence !== undefined) {
      presence.watch(this);
      this.#sendPresence(presence);
    }
    this.#cursor.start();
  }

  /** The sink, which had this subscription wait, has room again. */
  drained(): void {
    const presence = this.#presence;
    if (this.#hasEnded) return;
    if (presence !== undefined && this.#isPresenceStale) this.#sendPresence(presence);
    this.#cursor.drained();
  }

  presenceChanged(change: PresenceChange): void {
    const { sink } = this;
    try {
      if (this.#isPresenceStale || sink.presence(change)) return;
      this.#isPresenceStale = true;
      sink.waits();
    } catch (cause) {
      // One subscriber's defect is not the others' business: they are told the same.
      this.#cursor.fail(cause);
    }
  }

  cursorEnded(): void {
    this.end();
  }

  /** End it, once or more often. Nothing reaches the sink any more. */
  end(): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    this.#cursor.end();
    this.#presence?.unwatch(this);
    this.#onEnd();
  }

  #sendPresence(presence: PresenceFeed): void {
    const { sink } = this;
    this.#isPresenceStale = !sink.presence(presence.snapshot());
    if (this.#isPresenceStale) sink.waits();
  }
}
