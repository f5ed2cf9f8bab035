/** What one client may use up. */
export interface SessionLimits {
  /** How long a client may take from connecting until it is known who it is. */
  readonly helloTimeoutMs: number;
  /** So many channels can be subscribed to. */
  readonly subscriptionsMax: number;
  /** A channel's name can have this many bytes; the wire has no longer ones than 255. */
  readonly channelNameBytesMax: number;
  /** On so many channels a client can be present. */
  readonly membershipsMax: number;
  /** So many calls can be under way, each way; and so many can a client offer. */
  readonly callsMax: number;
  /** So many messages can be followed through the pipeline. */
  readonly followsMax: number;
  /** A member's state can have this many characters as JSON. */
  readonly presenceStateMax: number;
  /** Commands a second, in the long run. */
  readonly commandsPerSecond: number;
  /** … and at once. */
  readonly commandsBurstMax: number;
  /** Characters of commands a second, and at once. */
  readonly bytesPerSecond: number;
  /** Commands that wait until one before them is done. */
  readonly commandsWaitingMax: number;
  /** Refusals a second, in the long run; a client that causes more is closed with 4003. */
  readonly refusalsPerSecond: number;
  /** … and at once. */
  readonly refusalsBurstMax: number;
  /** When so many bytes wait for the client, its subscriptions leave the head of their logs. */
  readonly outboxBytesMax: number;
}

export const sessionLimits: SessionLimits = {
  helloTimeoutMs: 5_000,
  subscriptionsMax: 128,
  channelNameBytesMax: 255,
  membershipsMax: 128,
  callsMax: 100,
  followsMax: 1_000,
  presenceStateMax: 4_096,
  commandsPerSecond: 200,
  commandsBurstMax: 400,
  bytesPerSecond: 1_048_576,
  commandsWaitingMax: 1_000,
  refusalsPerSecond: 10,
  refusalsBurstMax: 100,
  outboxBytesMax: 1_048_576,
};
