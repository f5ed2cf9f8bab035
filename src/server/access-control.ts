import { AuditTrail, type AuditLimits, type AuditSink } from "../auth/audit-trail.js";
import type { AuditEvent } from "../auth/audit-event.js";
import {
  standingFor,
  type AuthenticationRequest,
  type Authenticator,
  type RefusedCredentials,
} from "../auth/authenticator.js";
import type { Principal } from "../auth/principal.js";
import { isMeant, Revocations, type RevocationLimits, type RevocationTarget } from "../auth/revocations.js";
import type { HandshakeRefusal } from "../engine/options.js";
import type { Clock } from "../kernel/clock.js";
import type { Logger } from "../kernel/logger.js";
import type { Dismissal } from "../session/session.js";

/** What a session has for whoever decides about its client. */
export interface DismissibleSession {
  readonly id: string;
  /** Undefined while it is not known who the client is. */
  readonly principal: Principal | undefined;
  /** Whom the handshake recognised, while the client may still say so. */
  readonly expected: Principal | undefined;
  dismissed(why: Dismissal): void;
}

export interface AccessControlOptions {
  readonly clock: Clock;
  readonly logger: Logger;
  /** The living sessions. */
  readonly sessions: Iterable<DismissibleSession>;
  readonly sinks: readonly AuditSink[];
  readonly limits: Partial<RevocationLimits> & Partial<AuditLimits>;
}

/** The newest events of the audit trail. */
export interface AuditControl {
  /** What happened, the oldest first: the newest 1,000 events of each kind. */
  recent(): AuditEvent[];
}

/** A token that is logged out is refused for so much longer than it lives: the wall clock can be set back meanwhile. */
const clockSpareMs = 2 * 3_600_000;

/** Who is let in, and who no more: what a server's own code decides about its clients. */
export class AccessControl {
  readonly trail: AuditTrail;
  readonly revocations: Revocations;
  readonly #options: AccessControlOptions;

  constructor(options: AccessControlOptions) {
    this.#options = options;
    this.trail = new AuditTrail(options);
    this.revocations = new Revocations(options.clock, options.limits);
  }

  /** Have the handshake let nobody in who was revoked, and record why what was shown is not accepted. */
  guard(authenticate: Authenticator): Authenticator {
    const guarded = async (asked: AuthenticationRequest): Promise<Principal | undefined> => {
      const { remoteAddress: address } = asked;
      const report = (refused: RefusedCredentials, principal?: string): void => {
        this.trail.record({ kind: "refused", at: "handshake", why: refused.why, principal, address });
        asked.report?.(refused);
      };
      const principal = await authenticate({ ...asked, report: (refused) => report(refused) });
      if (principal === undefined || !this.revocations.isRevoked(principal)) return principal;
      report({ why: "auth/revoked", isAmbient: asked.credentials === undefined }, principal.id);
      return undefined;
    };
    return standingFor(authenticate, guarded);
  }

  /** The engine refused a handshake. */
  readonly handshakeRefused = ({ address, code }: HandshakeRefusal): void => {
    this.trail.record({ kind: "refused", at: "handshake", why: code, address });
  };

  /**
   * End every session of a principal or a token, and refuse it from now on; returns how many ended.
   *
   * @throws BusbarError `auth/too-many-revocations`; the sessions have ended then.
   */
  revoke(target: RevocationTarget, forMs?: number): number {
    const sessions = this.#dismiss((principal) => isMeant(principal, target));
    this.revocations.add(target, forMs);
    this.trail.record({ kind: "revoked", target, sessions });
    return sessions;
  }

  /** Take a revocation back; false where there was none. */
  reinstate(target: RevocationTarget): boolean {
    const wasRevoked = this.revocations.remove(target);
    if (wasRevoked) this.trail.record({ kind: "reinstated", target, sessions: 0 });
    return wasRevoked;
  }

  /**
   * End a session, and refuse the token that it was let in with, where that has an id; false where there is none.
   *
   * @throws BusbarError `auth/too-many-revocations`; the session has ended then.
   */
  logout(id: string): boolean {
    const sessions = Array.from(this.#options.sessions);
    // One that was replaced has the same name, and nobody's principal.
    const session = sessions.find((one) => one.id === id && one.principal !== undefined);
    const principal = session?.principal;
    if (session === undefined || principal === undefined) return false;
    session.dismissed("logged-out");
    const { jti } = principal.claims;
    if (typeof jti === "string") this.revocations.add({ token: jti }, this.#timeLeftMs(principal));
    return true;
  }

  /** End the sessions of principals of whom something else is known by now: they can come back, and are asked anew. */
  readonly changed = (principalIds: readonly string[]): void => {
    const ids = new Set(principalIds);
    for (const session of this.#options.sessions) {
      const principal = session.principal ?? session.expected;
      if (principal !== undefined && ids.has(principal.id)) session.dismissed("changed");
    }
  };

  close(): void {
    this.trail.close();
  }

  #timeLeftMs({ expiresAtMs }: Principal): number | undefined {
    if (expiresAtMs === undefined) return undefined;
    return Math.max(0, expiresAtMs - this.#options.clock.wallTimeMs()) + clockSpareMs;
  }

  #dismiss(isWanted: (principal: Principal) => boolean): number {
    let count = 0;
    for (const session of this.#options.sessions) {
      if (session.principal === undefined || !isWanted(session.principal)) continue;
      session.dismissed("revoked");
      count++;
    }
    return count;
  }
}
