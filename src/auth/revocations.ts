import type { Clock } from "../kernel/clock.js";
import { BusbarError } from "../kernel/errors.js";
import type { Principal } from "./principal.js";

/** Who is not to be let in any more: all that a principal had until now, or one token, by its id (the claim `jti`). */
export type RevocationTarget = { readonly principal: string } | { readonly token: string };

export interface RevocationLimits {
  /** So many principals, and so many tokens, can be revoked at the same time. */
  readonly revocationsMax: number;
  /** A revocation is known for so long, unless it says for how long. Tokens that live longer come back then. */
  readonly revocationKeepMs: number;
}

/** The one table of defaults. */
export const revocationLimits: RevocationLimits = {
  revocationsMax: 100_000,
  revocationKeepMs: 30 * 86_400_000,
};

interface Revocation {
  /** When it was made, in seconds since 1970 UTC, rounded down as a token's `iat` is. */
  readonly atSeconds: number;
  /** It is forgotten when the clock's `now()` is here: jumps of the wall clock do not bring anybody back. */
  readonly untilMs: number;
}

/**
 * What was revoked, for as long as it could still be shown: a bounded list with time.
 *
 * A revoked token is refused. Of a revoked principal everything is refused that was not issued after the revocation, as
 * its claim `iat` says (seconds since 1970 UTC, RFC 7519, 4.1.6); what does not say when it was issued is refused, too,
 * until the principal is reinstated.
 */
export class Revocations {
  readonly #clock: Clock;
  readonly #limits: RevocationLimits;
  readonly #principals = new Map<string, Revocation>();
  readonly #tokens = new Map<string, Revocation>();

  constructor(clock: Clock, limits: Partial<RevocationLimits> = {}) {
    this.#clock = clock;
    this.#limits = { ...revocationLimits, ...limits };
  }

  get size(): number {
    return this.#principals.size + this.#tokens.size;
  }

  /** Revoke from now on. @throws BusbarError `auth/too-many-revocations`: nothing that is known is forgotten for it. */
  add(target: RevocationTarget, forMs: number = this.#limits.revocationKeepMs): void {
    const { revocationsMax } = this.#limits;
    const { map, name } = this.#placeOf(target);
    if (map.size >= revocationsMax && !map.has(name)) this.#sweep(map);
    if (map.size >= revocationsMax && !map.has(name)) {
      const message = `${revocationsMax} revocations are known already; each goes when its time is over`;
      throw new BusbarError("auth/too-many-revocations", message, { retryable: true });
    }
    const atSeconds = Math.floor(this.#clock.wallTimeMs() / 1000);
    map.set(name, { atSeconds, untilMs: this.#clock.now() + forMs });
  }

  /** Take a revocation back; false where there was none. */
  remove(target: RevocationTarget): boolean {
    const { map, name } = this.#placeOf(target);
    return map.delete(name);
  }

  isRevoked(principal: Principal): boolean {
    const { id, claims } = principal;
    const { iat, jti } = claims;
    if (typeof jti === "string" && this.#find(this.#tokens, jti) !== undefined) return true;
    const revocation = this.#find(this.#principals, id);
    return revocation !== undefined && !(typeof iat === "number" && iat > revocation.atSeconds);
  }

  #find(map: Map<string, Revocation>, name: string): Revocation | undefined {
    const revocation = map.get(name);
    if (revocation === undefined || this.#clock.now() < revocation.untilMs) return revocation;
    map.delete(name);
    return undefined;
  }

  #sweep(map: Map<string, Revocation>): void {
    for (const [name, { untilMs }] of map) if (this.#clock.now() >= untilMs) map.delete(name);
  }

  #placeOf(target: RevocationTarget): { readonly map: Map<string, Revocation>; readonly name: string } {
    if ("principal" in target) return { map: this.#principals, name: target.principal };
    return { map: this.#tokens, name: target.token };
  }
}

/** Whether a principal that is let in is one that a revocation means. */
export function isMeant(principal: Principal, target: RevocationTarget): boolean {
  return "principal" in target ? principal.id === target.principal : principal.claims["jti"] === target.token;
}
