import type { Clock, Timer } from "../kernel/clock.js";
import type { BusbarError } from "../kernel/errors.js";
import type { Credentials } from "../wire/messages.js";
import type { Backoff } from "./backoff.js";
import { clientError } from "./errors.js";
import type { Outcome, Question } from "./request-table.js";

/** Credentials are renewed when this part of their time is over … */
const USED_PART = 0.8;

/** … and so long before they expire, where there is that much. */
const SPARE_MS = 5_000;

export interface RenewalOptions {
  readonly clock: Clock;
  readonly backoff: Backoff;
  readonly auth: () => Credentials | Promise<Credentials>;
  readonly request: (question: Question<"refresh">, onOutcome: (outcome: Outcome<"refresh">) => void) => void;
  readonly onError: (error: BusbarError) => void;
}

/** Renews the credentials of one connection before they expire. If it cannot, the server closes and the bus comes back. */
export class Renewal {
  readonly #options: RenewalOptions;
  #expiresAtMs = 0;
  #timer: Timer | undefined;
  #isOver = false;

  constructor(options: RenewalOptions) {
    this.#options = options;
  }

  /** The credentials hold for so long; undefined where they do not expire. */
  holdFor(expiresInMs: number | undefined): void {
    if (expiresInMs === undefined) return;
    this.#expiresAtMs = this.#options.clock.now() + expiresInMs;
    this.#renewIn(Math.min(expiresInMs * USED_PART, expiresInMs > SPARE_MS ? expiresInMs - SPARE_MS : expiresInMs));
  }

  stop(): void {
    this.#isOver = true;
    this.#timer?.cancel();
  }

  #renewIn(delayMs: number): void {
    this.#timer = this.#options.clock.schedule(delayMs, () => {
      this.#renew().catch((cause: unknown) => this.#failed(clientError("auth/unavailable", { cause })));
    });
  }

  async #renew(): Promise<void> {
    const { auth, request } = this.#options;
    const credentials = await auth();
    if (this.#isOver) return;
    request({ do: "refresh", auth: credentials }, (outcome) => {
      if (outcome.kind === "refused") return this.#failed(outcome.error);
      if (outcome.kind === "lost") return;
      this.#options.backoff.reset();
      this.holdFor(outcome.ok.expiresInMs);
    });
  }

  #failed(error: BusbarError): void {
    if (this.#isOver) return;
    const { backoff, clock, onError } = this.#options;
    onError(error);
    const delayMs = backoff.nextDelayMs();
    if (clock.now() + delayMs < this.#expiresAtMs) this.#renewIn(delayMs);
  }
}
