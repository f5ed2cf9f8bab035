import type { Clock, Timer } from "../kernel/clock.js";
import type { BusbarError } from "../kernel/errors.js";
import type { WireError } from "../wire/errors.js";
import type { Connection } from "./connection.js";
import { restMs } from "./rest.js";

export interface MembershipOptions {
  readonly channel: string;
  readonly connection: Pick<Connection, "isReady" | "request">;
  readonly clock: Clock;
  /** Nothing is wanted and nothing is under way any more. */
  readonly onIdle: () => void;
}

interface Wanted {
  readonly state: unknown;
  readonly onRefused: (error: BusbarError) => void;
}

/** Being seen in one channel's presence: joined again on every connection, until `leave`. */
export class Membership {
  readonly #options: MembershipOptions;
  #phase: "out" | "joining" | "in" | "leaving" | "resting" = "out";
  #wanted: Wanted | undefined;
  /** What the server knows, or is being told. */
  #told: Wanted | undefined;
  /** The server has taken a `join` of this connection. */
  #isIn = false;
  #restTimer: Timer | undefined;

  constructor(options: MembershipOptions) {
    this.#options = options;
  }

  /** Whether it is wanted. */
  get isWanted(): boolean {
    return this.#wanted !== undefined;
  }

  get isIdle(): boolean {
    return this.#wanted === undefined && (this.#phase === "out" || (this.#phase === "resting" && !this.#isIn));
  }

  /** `onRefused` is called when the server does not allow it; then it is wanted no more. */
  join(state: unknown, onRefused: (error: BusbarError) => void): void {
    this.#wanted = { state, onRefused };
    this.#reconcile();
  }

  /** Be seen in another state. Does nothing when it is not wanted any more. */
  update(state: unknown): void {
    if (this.#wanted !== undefined) this.join(state, this.#wanted.onRefused);
  }

  leave(): void {
    this.#wanted = undefined;
    this.#reconcile();
  }

  connectionReady(): void {
    if (!this.isIdle) this.#reconcile();
  }

  connectionLost(): void {
    this.#phase = "out";
    this.#isIn = false;
    this.#restTimer?.cancel();
  }

  #reconcile(): void {
    const { connection, onIdle } = this.#options;
    if (this.isIdle) return onIdle();
    if (!connection.isReady) return;
    if (this.#phase === "in" && this.#wanted === undefined) this.#sendLeave();
    // Joining again changes the state.
    else if ((this.#phase === "in" && this.#wanted !== this.#told) || this.#phase === "out") this.#sendJoin();
  }

  #sendJoin(): void {
    const { connection, channel } = this.#options;
    this.#phase = "joining";
    this.#told = this.#wanted;
    const state = this.#wanted?.state;
    connection.request({ do: "join", channel, state }, (outcome) => {
      if (outcome.kind === "lost") return;
      if (outcome.kind === "refused") return this.#refused(outcome.error);
      this.#phase = "in";
      this.#isIn = true;
      this.#reconcile();
    });
  }

  #sendLeave(): void {
    const { connection, channel } = this.#options;
    this.#phase = "leaving";
    connection.request({ do: "leave", channel }, (outcome) => {
      if (outcome.kind === "lost") return;
      this.#phase = "out";
      this.#isIn = false;
      this.#reconcile();
    });
  }

  #refused(error: WireError): void {
    const settled = this.#isIn ? "in" : "out";
    this.#phase = settled;
    if (!error.retryable) {
      const refused = this.#told;
      if (this.#wanted === refused) this.#wanted = undefined;
      refused?.onRefused(error);
      return this.#reconcile();
    }
    this.#phase = "resting";
    this.#restTimer = this.#options.clock.schedule(restMs(error), () => {
      this.#phase = settled;
      // The server does not know it yet.
      this.#told = undefined;
      this.#reconcile();
    });
  }
}
