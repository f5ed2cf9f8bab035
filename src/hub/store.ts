/**
 * The port that keeps logs: memory, the embedded store, later a distributed engine.
 */

/** How much of a log is kept. */
export interface Retention {
  /** The newest so many messages can be read again. */
  readonly keep: number;
}

/** A message on its way into a log. */
export interface Draft {
  /** The message itself as JSON text: it was encoded once and is never parsed again on the way out. */
  readonly payload: string;
  /** The publisher's principal id. */
  readonly from: string;
  /** When it was published, in milliseconds since 1970 UTC. */
  readonly at: number;
}

/** A message of a channel's log. It never changes. */
export interface Message extends Draft {
  readonly channel: string;
  /** From 1, without gaps inside an epoch. */
  readonly offset: number;
}

/** Where a log stands: its newest message is `{ epoch, offset: head }`; 0 before the first. */
export interface LogHead {
  readonly epoch: string;
  readonly head: number;
}

export interface ReadRange {
  /** The offset behind which to begin. */
  readonly after: number;
  /** The last offset to read. The log has got so far. */
  readonly until: number;
  readonly messagesMax: number;
  /** Stop behind the message that reaches this; at least one message is read. */
  readonly bytesMax: number;
}

/**
 * Keeps the logs of channels.
 *
 * The hub opens a log before all else, appends one batch at a time, and releases it when nobody uses the channel any
 * more; afterwards it can open it again. Calls for one channel take effect in their order. While a log is open its epoch stays. An epoch is never used again for other
 * messages: what cannot be continued begins a new one.
 */
export interface Store {
  open(channel: string, retention: Retention): Promise<LogHead>;
  /**
   * Append drafts in their order; resolves when all of them are as durable as the store makes them.
   *
   * Rejects when none of them was appended, or when that is unknown.
   */
  append(channel: string, drafts: readonly Draft[]): Promise<readonly Message[]>;
  /**
   * Read messages in order and without a gap between them. They begin right behind `after`, or with the oldest message
   * kept where that is gone already; none where nothing of the range is kept.
   */
  read(channel: string, range: ReadRange): Promise<readonly Message[]>;
  release(channel: string): Promise<void>;
  close(): Promise<void>;
}
