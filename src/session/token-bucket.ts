/** A limit on a rate that lets bursts pass: a bucket of tokens that fills steadily. It needs no timer. */
export class TokenBucket {
  readonly #perMs: number;
  readonly #burstMax: number;
  #tokens: number;
  #filledAtMs: number;

  constructor(perSecond: number, burstMax: number, nowMs: number) {
    this.#perMs = perSecond / 1000;
    this.#burstMax = burstMax;
    this.#tokens = burstMax;
    this.#filledAtMs = nowMs;
  }

  /**
   * Take tokens out; 0: taken. Otherwise nothing was taken, and this is after how many milliseconds it can be.
   *
   * More than the bucket holds is taken as all that it holds.
   */
  take(tokens: number, nowMs: number): number {
    this.#tokens = Math.min(this.#burstMax, this.#tokens + (nowMs - this.#filledAtMs) * this.#perMs);
    this.#filledAtMs = nowMs;
    const missing = Math.min(tokens, this.#burstMax) - this.#tokens;
    if (missing > 0) return Math.ceil(missing / this.#perMs);
    this.#tokens = -missing;
    return 0;
  }
}
