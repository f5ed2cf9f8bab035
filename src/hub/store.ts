/**
 * The port that keeps logs and presence: memory, the embedded LMDB, later a distributed engine.
 *
 * `busbar/testing` has the suite of cases that every store passes, `storeCases`.
 */

/**
 * What a message has survived when its publish resolves: `memory`, as long as this process lives; `disk`, an fsync has
 * covered it.
 */
export type Durability = "memory" | "disk";

/** How much of a log can be read again. A message is kept until one of these lets go of it. */
export interface Retention {
  /** The newest so many messages. */
  readonly keep: number;
  /** Messages that are not older, in milliseconds; `Infinity` for no bound. */
  readonly forMs: number;
  /** The newest messages whose payloads together are about so many bytes; `Infinity` for no bound. */
  readonly bytesMax: number;
}

/**
 * Which publish this is, so that a repeat of it is recognised: the log never holds two messages with the same producer
 * and sequence, as long as the idempotence window has room (10 minutes or 100,000 messages of a channel by default).
 */
export interface Origin {
  /** Names one client instance; nobody else can guess it. At most 64 ASCII characters. */
  readonly producer: string;
  /** From 1; the producer's own count for this channel. */
  readonly sequence: number;
  /**
   * When the producer sent it for the first time, at the earliest, in milliseconds since 1970 UTC of this server's clock;
   * undefined where this is the first time. A repeat from before the window is neither appended nor recognised.
   */
  readonly firstSentAt: number | undefined;
}

/** A message on its way into a log. */
export interface Draft {
  /** The message itself as JSON text: it was encoded once and is never parsed again on the way out. */
  readonly payload: string;
  /** The publisher's principal id. */
  readonly from: string;
  /** When it was published, in milliseconds since 1970 UTC. */
  readonly at: number;
  /** Undefined where a repeat cannot happen. */
  readonly origin: Origin | undefined;
}

/** A message of a channel's log. It never changes. */
export interface Message {
  readonly channel: string;
  /** From 1, without gaps inside an epoch. */
  readonly offset: number;
  readonly payload: string;
  readonly from: string;
  readonly at: number;
}

/**
 * What became of a draft.
 *
 * - `appended`: it is in the log now.
 * - `repeat`: it was in the log already, at this offset. Whether it can still be read does not matter.
 * - `unknown`: a repeat from before the idempotence window; whether it is in the log cannot be said, and it was not appended.
 */
export type Appended =
  | { readonly kind: "appended"; readonly message: Message }
  | { readonly kind: "repeat"; readonly offset: number }
  | { readonly kind: "unknown" };

/** One member of a channel's presence as a store keeps it over a restart. */
export interface StoredMember {
  /** The name of the membership. */
  readonly member: string;
  /** The principal's id. */
  readonly id: string;
  /** What the others see, as JSON text. */
  readonly state: string;
}

/** Where a log stands when it is opened. */
export interface OpenedLog {
  readonly epoch: string;
  /** The newest message is `{ epoch, offset: head }`; 0 before the first. */
  readonly head: number;
  /** Who was present when the log was last in use and did not leave: after a restart. */
  readonly members: readonly StoredMember[];
}

export interface LogOptions {
  readonly retention: Retention;
  readonly durability: Durability;
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
 * Keeps the logs of channels, and who is present on them.
 *
 * The hub opens a log before all else, appends one batch at a time, and releases it when nobody uses the channel any
 * more; afterwards it can open it again. Calls for one channel take effect in their order. While a log is open its epoch
 * stays. An epoch is never used again for other messages: what cannot be continued begins a new one.
 */
export interface Store {
  /** Rejects with `store/not-durable` where the store cannot be as durable as is asked. */
  open(channel: string, options: LogOptions): Promise<OpenedLog>;
  /**
   * Append drafts in their order; resolves when all of them are as durable as the log was opened for, with one
   * answer for each draft. Drafts of one batch can repeat one another.
   *
   * Rejects when none of them was appended, or when that is unknown; appending them again is safe where they have origins.
   */
  append(channel: string, drafts: readonly Draft[]): Promise<readonly Appended[]>;
  /** The offset of the message with this origin; undefined where it is not in the window. */
  find(channel: string, origin: Pick<Origin, "producer" | "sequence">): Promise<number | undefined>;
  /**
   * Read messages in order and without a gap between them. They begin right behind `after`, or with the oldest message
   * kept where that is gone already; none where nothing of the range is kept. A message that is damaged counts as gone.
   */
  read(channel: string, range: ReadRange): Promise<readonly Message[]>;
  /** Keep a member over a restart, with its newest state; `undefined` in place of the state: it left. */
  present(channel: string, member: string, state: Omit<StoredMember, "member"> | undefined): Promise<void>;
  release(channel: string): Promise<void>;
  /** Rejects no call that is under way: they end first. Everything that was acknowledged is kept. */
  close(): Promise<void>;
}

/** Drafts for one channel's log. */
export interface Batch {
  readonly channel: string;
  readonly drafts: readonly Draft[];
}

/** What else is written in the transaction of `appendAll`; made by the same store, which alone knows what it writes. */
export interface Rider {
  readonly durability: Durability;
  readonly write: () => void;
}

/** The power to append to several logs in one transaction. */
export interface TransactionStore extends Store {
  /**
   * Append to several logs, and write the rider: all or nothing. Each channel occurs once, its log is open, and no other
   * append to it is under way. Resolves like `append`, with the answers for each batch, when all of it is as durable as
   * the most durable of the logs and the rider ask.
   *
   * Rejects when nothing of it was written, or when that is unknown.
   */
  appendAll(batches: readonly Batch[], rider: Rider | undefined): Promise<readonly (readonly Appended[])[]>;
}
