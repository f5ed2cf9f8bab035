/** Buckets double every four: a latency is known to about a fifth. */
const BUCKETS_PER_DOUBLING = 4;
/** From 2^-4 ms to 2^26 ms, which is 18 hours. */
const DOUBLINGS = 30;
const LEAST_MS = 1 / 16;

/** How long something took, over all that was recorded. */
export interface LatencySnapshot {
  readonly count: number;
  readonly meanMs: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly longestMs: number;
}

/** Counts durations in buckets: of a fixed size, whatever is recorded. */
export class Latencies {
  readonly #buckets = new Float64Array(DOUBLINGS * BUCKETS_PER_DOUBLING);
  #count = 0;
  #sumMs = 0;
  #longestMs = 0;

  record(ms: number): void {
    const last = this.#buckets.length - 1;
    const bucket = Math.ceil(Math.log2(Math.max(ms, LEAST_MS) / LEAST_MS) * BUCKETS_PER_DOUBLING);
    const index = Math.min(bucket, last);
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the index is within the buckets
    this.#buckets[index] = (this.#buckets[index] as number) + 1;
    this.#count++;
    this.#sumMs += ms;
    this.#longestMs = Math.max(this.#longestMs, ms);
  }

  get snapshot(): LatencySnapshot {
    const count = this.#count;
    return {
      count,
      meanMs: count === 0 ? 0 : this.#sumMs / count,
      p50Ms: this.#quantile(0.5),
      p99Ms: this.#quantile(0.99),
      longestMs: this.#longestMs,
    };
  }

  /** The upper end of the bucket in which the quantile is. */
  #quantile(share: number): number {
    let left = this.#count * share;
    if (left === 0) return 0;
    const index = this.#buckets.findIndex((count) => {
      left -= count;
      return left <= 0;
    });
    return Math.min(LEAST_MS * 2 ** (index / BUCKETS_PER_DOUBLING), this.#longestMs);
  }
}
