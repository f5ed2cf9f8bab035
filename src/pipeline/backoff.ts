import type { Random } from "../kernel/random.js";

export interface BackoffOptions {
  /** The longest delay before the second attempt. Default: 500 ms. */
  readonly firstMs: number;
  /** So many times longer after each further failure, from 1. Default: 2. */
  readonly factor: number;
  /** No delay is longer. Default: 60 s. */
  readonly longestMs: number;
}

/** The one table of defaults. */
export const backoffDefaults: BackoffOptions = { firstMs: 500, factor: 2, longestMs: 60_000 };

/**
 * How long to wait when the attempt `attempt`, from 1, has failed; in whole milliseconds.
 *
 * Half of the delay is fixed and half is random ("equal jitter"): what failed together does not come back together, and
 * nothing is tried again at once.
 */
export function backoffMs({ factor, firstMs, longestMs }: BackoffOptions, attempt: number, random: Random): number {
  // The power can be Infinity, which the longest delay bounds; it is never NaN, for the factor is at least 1.
  const delayMs = Math.min(longestMs, firstMs * factor ** (attempt - 1));
  return Math.round((delayMs / 2) * (1 + random.fraction()));
}
