import type { RefusedEvent } from "../auth/audit-event.js";
import type { AuthenticationRequest } from "../auth/authenticator.js";
import type { Principal } from "../auth/principal.js";
import { withoutSecrets } from "../auth/redaction.js";
import { causeText } from "../kernel/cause-text.js";
import type { Timer } from "../kernel/clock.js";
import { BusbarError } from "../kernel/errors.js";
import { closeKinds, type CloseKind } from "../wire/close-codes.js";
import { wireError } from "../wire/errors.js";
import type { Credentials } from "../wire/messages.js";
import type { SessionServices } from "./services.js";

/** What an admission needs of all that the sessions share. */
export type AdmissionServices = Pick<
  SessionServices,
  "audit" | "authenticate" | "clock" | "limits" | "logger" | "revocations" | "wallClock"
>;

/** The request that a link began with. */
export interface LinkRequest {
  readonly remoteAddress: string;
  /** As authenticators see it. It is made when it is needed: a session keeps nothing beside the request itself. */
  toAuthenticate(): AuthenticationRequest;
}

export interface AdmissionOptions {
  readonly request: LinkRequest;
  /** Who authenticated with that request; undefined where nobody did. */
  readonly principal: Principal | undefined;
}

export interface AdmissionOwner {
  /** The session has to end: nobody said hello in time, or the credentials expired. */
  close(kind: CloseKind): void;
}

/** Timers are set for no longer than a day, which every clock can count. */
const timerMsMax = 86_400_000;

/** Who a session's client is, from when on that has to be known, and until when. */
export class Admission {
  readonly #services: AdmissionServices;
  readonly #options: AdmissionOptions;
  readonly #owner: AdmissionOwner;
  /** Until `hello` the time for it, then the principal's. */
  #timer: Timer | undefined;
  /** Ends the watch over the wall clock. */
  #unwatch: (() => void) | undefined;

  constructor(services: AdmissionServices, options: AdmissionOptions, owner: AdmissionOwner) {
    const { clock, limits } = services;
    this.#services = services;
    this.#options = options;
    this.#owner = owner;
    this.#timer = clock.schedule(limits.helloTimeoutMs, () => owner.close(closeKinds.noHello));
  }

  /** Who these credentials are, or the handshake's; undefined, and in the audit trail, for whoever is not let in. */
  identify(auth: Credentials | undefined): Promise<Principal | undefined> {
    return this.#identify(auth, "hello");
  }

  /** Who these fresh credentials of `current` are. Rejects with `auth/refused` or `auth/other-principal`. */
  async renew(auth: Credentials, current: Principal): Promise<Principal> {
    const principal = await this.#identify(auth, "refresh");
    if (principal === undefined) throw wireError("auth/refused", closeKinds.refused.reason);
    if (principal.id === current.id) return principal;
    this.#refused({ at: "refresh", why: "auth/other-principal", principal: principal.id });
    throw wireError("auth/other-principal", "a refresh cannot change who the client is");
  }

  /** It is this principal from now on, until it expires. */
  hold(principal: Principal): void {
    this.end();
    const { expiresAtMs } = principal;
    if (expiresAtMs === undefined) return;
    this.#unwatch = this.#services.wallClock.watch(() => this.#watchExpiry(expiresAtMs));
    this.#watchExpiry(expiresAtMs);
  }

  /** What the client is told of when the principal expires. */
  expiryOf({ expiresAtMs }: Principal): { readonly expiresInMs?: number } {
    if (expiresAtMs === undefined) return {};
    return { expiresInMs: Math.max(0, Math.floor(expiresAtMs - this.#services.clock.wallTimeMs())) };
  }

  /** The session is over. */
  end(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#unwatch?.();
    this.#unwatch = undefined;
  }

  async #identify(auth: Credentials | undefined, at: "hello" | "refresh"): Promise<Principal | undefined> {
    const { clock, revocations } = this.#services;
    const known = auth === undefined ? this.#options.principal : await this.#ask(auth, at);
    const principal = known ?? "auth/unknown";
    if (typeof principal === "string") return this.#refused({ at, why: principal });
    const { expiresAtMs = Infinity, id } = principal;
    if (expiresAtMs <= clock.wallTimeMs()) return this.#refused({ at, why: "auth/expired", principal: id });
    if (revocations.isRevoked(principal)) return this.#refused({ at, why: "auth/revoked", principal: id });
    return principal;
  }

  /** Ask who that is, or why it is nobody. An authenticator's error goes on, without what the client showed. */
  async #ask(credentials: Credentials, at: "hello" | "refresh"): Promise<Principal | string | undefined> {
    let reported: string | undefined;
    const report = ({ why }: { readonly why: unknown }): void => {
      if (typeof why === "string") reported = why;
      const fields = { address: request.remoteAddress, at, why: causeText(withoutSecrets(why, request)) };
      this.#services.logger.warn("session/credentials-refused", fields);
    };
    const request: AuthenticationRequest = { ...this.#options.request.toAuthenticate(), credentials, at, report };
    try {
      return (await this.#services.authenticate(request)) ?? reported;
    } catch (error) {
      if (error instanceof BusbarError && error.code === "auth/forbidden") {
        report({ why: error });
        return "auth/forbidden";
      }
      this.#refused({ at, why: "auth/failed" });
      throw withoutSecrets(error, request);
    }
  }

  #refused(event: Omit<RefusedEvent, "kind" | "address">): undefined {
    this.#services.audit({ kind: "refused", ...event, address: this.#options.request.remoteAddress });
  }

  #watchExpiry(expiresAtMs: number): void {
    const { clock } = this.#services;
    this.#timer?.cancel();
    const leftMs = expiresAtMs - clock.wallTimeMs();
    if (leftMs <= 0) {
      this.end();
      return this.#owner.close(closeKinds.credentialsExpired);
    }
    this.#timer = clock.schedule(Math.min(leftMs, timerMsMax), () => this.#watchExpiry(expiresAtMs));
  }
}
