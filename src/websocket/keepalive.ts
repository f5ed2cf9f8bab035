import type { Clock, Timer } from "../kernel/clock.js";

export interface KeepaliveOptions {
  /** The clock that the timers of all connections share. */
  readonly clock: Clock;
  /** After this much silence the peer is pinged. */
  readonly idleMs: number;
  /** After this much more silence it is taken for gone. */
  readonly timeoutMs: number;
  /** Whether the peer would be heard; while it would not, its silence means nothing. */
  readonly isListening: () => boolean;
  readonly onIdle: () => void;
  readonly onGone: () => void;
}

/** Tells when a peer has been silent for so long that it has to be asked, and when it did not answer. */
export class Keepalive {
  readonly #options: KeepaliveOptions;
  #heardMs = 0;
  /** Whether nothing was heard since the peer was asked. */
  #isAsked = false;
  #timer: Timer;

  constructor(options: KeepaliveOptions) {
    this.#options = options;
    this.heard();
    this.#timer = this.#schedule(options.idleMs);
  }

  /** Note that bytes came from the peer. */
  heard(): void {
    this.#heardMs = this.#options.clock.now();
    this.#isAsked = false;
  }

  stop(): void {
    this.#timer.cancel();
  }

  #schedule(delayMs: number): Timer {
    return this.#options.clock.schedule(delayMs, () => this.#check());
  }

  /** The timer is not moved by each chunk that comes: it looks, when it runs, at how long the silence has been. */
  #check(): void {
    const { clock, idleMs, isListening, onGone, onIdle, timeoutMs } = this.#options;
    if (!isListening()) this.heard();
    if (this.#isAsked) return onGone();
    const silenceMs = clock.now() - this.#heardMs;
    this.#isAsked = silenceMs >= idleMs;
    this.#timer = this.#schedule(this.#isAsked ? timeoutMs : idleMs - silenceMs);
    if (this.#isAsked) onIdle();
  }
}
