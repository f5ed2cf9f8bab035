import type { AuthenticationRequest } from "../auth/authenticator.js";
import type { Principal } from "../auth/principal.js";
import type { Timer } from "../kernel/clock.js";
import { closeKinds, type CloseKind } from "../wire/close-codes.js";
import { wireError } from "../wire/errors.js";
import type { Credentials } from "../wire/messages.js";
import type { SessionServices } from "./services.js";

/** What an admission needs of all that the sessions share. */
export type AdmissionServices = Pick<SessionServices, "authenticate" | "clock" | "limits">;

export interface AdmissionOptions {
  /** The request that the link began with. */
  readonly request: AuthenticationRequest;
  /** Who authenticated with that request; undefined where nobody did. */
  readonly principal: Principal | undefined;
  /** Takes why the session has to end: nobody said hello in time, or the credentials expired. */
  readonly onEnd: (kind: CloseKind) => void;
}

/** Timers are set for no longer than a day, which every clock can count. */
const timerMsMax = 86_400_000;

/** Who a session's client is, from when on that has to be known, and until when. */
export class Admission {
  readonly #services: AdmissionServices;
  readonly #options: AdmissionOptions;
  /** Until `hello` the time for it, then the principal's. */
  #timer: Timer;

  constructor(services: AdmissionServices, options: AdmissionOptions) {
    const { clock, limits } = services;
    this.#services = services;
    this.#options = options;
    this.#timer = clock.schedule(limits.helloTimeoutMs, () => options.onEnd(closeKinds.noHello));
  }

  /** Who these credentials are, or the handshake's; undefined for nobody, and for somebody who has expired. */
  async identify(auth: Credentials | undefined): Promise<Principal | undefined> {
    const { authenticate, clock } = this.#services;
    const { principal: known, request } = this.#options;
    const principal = auth === undefined ? known : await authenticate({ ...request, credentials: auth });
    const isExpired = (principal?.expiresAtMs ?? Infinity) <= clock.wallTimeMs();
    return isExpired ? undefined : principal;
  }

  /** Who these fresh credentials of `current` are. Rejects with `auth/refused` or `auth/other-principal`. */
  async renew(auth: Credentials, current: Principal): Promise<Principal> {
    const principal = await this.identify(auth);
    if (principal === undefined) throw wireError("auth/refused", closeKinds.refused.reason);
    if (principal.id !== current.id) {
      throw wireError("auth/other-principal", "a refresh cannot change who the client is");
    }
    return principal;
  }

  /** It is this principal from now on, until it expires. */
  hold(principal: Principal): void {
    this.#timer.cancel();
    this.#watchExpiry(principal);
  }

  /** What the client is told of when the principal expires. */
  expiryOf({ expiresAtMs }: Principal): { readonly expiresInMs?: number } {
    if (expiresAtMs === undefined) return {};
    return { expiresInMs: Math.max(0, Math.floor(expiresAtMs - this.#services.clock.wallTimeMs())) };
  }

  /** The session is over. */
  end(): void {
    this.#timer.cancel();
  }

  #watchExpiry(principal: Principal): void {
    const { clock } = this.#services;
    if (principal.expiresAtMs === undefined) return;
    const leftMs = principal.expiresAtMs - clock.wallTimeMs();
    if (leftMs <= 0) return this.#options.onEnd(closeKinds.credentialsExpired);
    this.#timer = clock.schedule(Math.min(leftMs, timerMsMax), () => this.#watchExpiry(principal));
  }
}
