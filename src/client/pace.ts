/** A command of so many bytes counts for one; a longer one for more. A server allows 1 MiB for 200 commands. */
const BYTES_PER_COMMAND = 5_000;

/** So much of a second's commands may leave at once. */
const BURST_PART = 0.67;

/** Keeps a client below what a server allows, so that nothing is refused for being too fast: the bucket of `limit/rate`. */
export class Pace {
  readonly #perMs: number;
  readonly #burst: number;
  #left: number;
  #countedAtMs: number;

  constructor(commandsPerSecond: number, nowMs: number) {
    this.#perMs = commandsPerSecond / 1_000;
    this.#burst = Math.max(1, commandsPerSecond * BURST_PART);
    this.#left = this.#burst;
    this.#countedAtMs = nowMs;
  }

  /** Use up a command of this length: returns 0, or after how many milliseconds there is room for it. */
  take(bytes: number, nowMs: number): number {
    this.#left = Math.min(this.#burst, this.#left + (nowMs - this.#countedAtMs) * this.#perMs);
    this.#countedAtMs = nowMs;
    // A bucket that is full has room for any command.
    const cost = Math.min(this.#burst, Math.max(1, bytes / BYTES_PER_COMMAND));
    if (cost > this.#left) return Math.ceil((cost - this.#left) / this.#perMs);
    this.#left -= cost;
    return 0;
  }
}
