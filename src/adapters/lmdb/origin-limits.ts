export interface OriginLimits {
  /** A publish is remembered for this long. */
  readonly windowMs: number;
  /** … and so many of one channel. */
  readonly windowMessagesMax: number;
}

/** The one table of defaults. It stands by itself so that it can be read where LMDB is not installed. */
export const originLimits: OriginLimits = { windowMs: 600_000, windowMessagesMax: 100_000 };
