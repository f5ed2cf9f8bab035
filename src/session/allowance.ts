import type { Clock } from "../kernel/clock.js";
import type { SessionLimits } from "./limits.js";
import { TokenBucket } from "./token-bucket.js";

/** What a client may still ask for at the moment. */
export class Allowance {
  readonly #clock: Clock;
  readonly #commands: TokenBucket;
  readonly #bytes: TokenBucket;
  readonly #limits: SessionLimits;
  /** Made full with the first refusal: most clients are never refused anything. */
  #refusals: TokenBucket | undefined;

  constructor(limits: SessionLimits, clock: Clock) {
    const now = clock.now();
    this.#clock = clock;
    this.#commands = new TokenBucket(limits.commandsPerSecond, limits.commandsBurstMax, now);
    this.#bytes = new TokenBucket(limits.bytesPerSecond, limits.bytesPerSecond, now);
    this.#limits = limits;
  }

  /** Use up a command of this length; 0, or after how many milliseconds there is room for it. */
  takeCommand(length: number): number {
    const now = this.#clock.now();
    return this.#commands.take(1, now) || this.#bytes.take(length, now);
  }

  /** Use up a refusal; false when there were too many. */
  takeRefusal(): boolean {
    const now = this.#clock.now();
    const { refusalsBurstMax, refusalsPerSecond } = this.#limits;
    this.#refusals ??= new TokenBucket(refusalsPerSecond, refusalsBurstMax, now);
    return this.#refusals.take(1, now) === 0;
  }
}
