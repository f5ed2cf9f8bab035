/** The port that keeps where groups of server-side subscribers stand: durable cursors with a name. */

/** A group: a name, and the channels that it follows. */
export interface GroupRecord {
  /** At most 64 characters of `[A-Za-z0-9._~-]`. */
  readonly name: string;
  /** The pattern of its channels. */
  readonly pattern: string;
}

/** Behind which message of a channel a group stands. */
export interface GroupPosition {
  readonly channel: string;
  readonly epoch: string;
  readonly offset: number;
}

/** Keeps groups. Calls take effect in their order. */
export interface GroupStore {
  /** Remember a group; resolves with whether it was there before, with this pattern. Another pattern begins it anew. */
  register(group: GroupRecord): Promise<boolean>;
  /** Forget a group and its positions. */
  forget(name: string): Promise<void>;
  groups(): Promise<readonly GroupRecord[]>;
  /** Where a group stands on a channel; undefined where it never was. */
  position(name: string, channel: string): Promise<GroupPosition | undefined>;
  /** The positions of a group, by channel, behind the channel `after` (`""`: from the first); none: those were all. */
  positions(name: string, after: string, max: number): Promise<readonly GroupPosition[]>;
  /**
   * Note where a group stands: over a sudden end of the process, not over one of the machine, after which messages come
   * once more.
   */
  move(name: string, positions: readonly GroupPosition[]): Promise<void>;
  /** The names of the channels whose logs hold something, in order, behind `after`; none: those were all. */
  channels(after: string, max: number): Promise<readonly string[]>;
}
