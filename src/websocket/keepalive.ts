import type { Clock, Timer } from "../kernel/clock.js";
import { BusbarError } from "../kernel/errors.js";

export interface KeepaliveLimits {
  /** After this much silence the peer is asked. */
  readonly keepaliveIdleMs: number;
  /** After this much more silence it is taken for gone. */
  readonly keepaliveTimeoutMs: number;
}

export interface KeepaliveOwner {
  /** The clock that the timers of all connections share. */
  readonly clock: Clock;
  readonly limits: KeepaliveLimits;
  /** Whether the peer would be heard; while it would not, its silence means nothing. */
  readonly isListening: boolean;
  /** Ask the peer for an answer. */
  peerIsSilent(): void;
  /** The peer has not answered. */
  peerIsGone(error: BusbarError): void;
}

/** Tells when a peer has been silent for so long that it has to be asked, and when it did not answer. */
export class Keepalive {
  readonly #owner: KeepaliveOwner;
  #heardMs = 0;
  /** Whether nothing was heard since the peer was asked. */
  #isAsked = false;
  #timer: Timer;

  constructor(owner: KeepaliveOwner) {
    this.#owner = owner;
    this.heard();
    this.#timer = this.#schedule(owner.limits.keepaliveIdleMs);
  }

  /** Note that bytes came from the peer. */
  heard(): void {
    this.#heardMs = this.#owner.clock.now();
    this.#isAsked = false;
  }

  stop(): void {
    this.#timer.cancel();
  }

  #schedule(delayMs: number): Timer {
    return this.#owner.clock.schedule(delayMs, () => this.#check());
  }

  /** The timer is not moved by each chunk that comes: it looks, when it runs, at how long the silence has been. */
  #check(): void {
    const owner = this.#owner;
    const { keepaliveIdleMs: idleMs, keepaliveTimeoutMs: timeoutMs } = owner.limits;
    if (!owner.isListening) this.heard();
    if (this.#isAsked) return owner.peerIsGone(goneError(idleMs + timeoutMs));
    const silenceMs = owner.clock.now() - this.#heardMs;
    this.#isAsked = silenceMs >= idleMs;
    this.#timer = this.#schedule(this.#isAsked ? timeoutMs : idleMs - silenceMs);
    if (this.#isAsked) owner.peerIsSilent();
  }
}

function goneError(silentMs: number): BusbarError {
  return new BusbarError("websocket/keepalive-timeout", `the peer has been silent for ${silentMs} ms`, {
    retryable: true,
  });
}
