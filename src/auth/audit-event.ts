import type { RevocationTarget } from "./revocations.js";

/** Somebody was let in, or refreshed what it was let in with. */
export interface AdmittedEvent {
  readonly kind: "admitted" | "refreshed";
  readonly principal: string;
  readonly session: string;
  readonly address: string;
}

/** Somebody was not let in. What it said of itself is not here: it may be a password in the wrong place. */
export interface RefusedEvent {
  readonly kind: "refused";
  /** Where: at the handshake, or with a command. */
  readonly at: "handshake" | "hello" | "refresh";
  /** A code: `handshake/origin`, `auth/unknown`, `auth/expired`, `auth/revoked`, or what an authenticator says. */
  readonly why: string;
  /** Whose credentials they were, where that is known. */
  readonly principal?: string | undefined;
  readonly address: string;
}

/** A policy decided that somebody may not do something. */
export interface DeniedEvent {
  readonly kind: "denied";
  readonly principal: string;
  /** What it wanted: `subscribe`, `publish`, `presence`, `history`, `call`, `operate`. */
  readonly action: string;
  /** The channel's or the call's name. */
  readonly name: string;
  /** Which rule decided. */
  readonly rule: string;
}

/** A session was ended because of who its client is. */
export interface EndedEvent {
  readonly kind: "ended";
  readonly why: "expired" | "revoked" | "logged-out" | "changed";
  readonly principal: string;
  readonly session: string;
  readonly address: string;
}

/** Somebody was revoked, or reinstated, by the server's own code. */
export interface RevokedEvent {
  readonly kind: "revoked" | "reinstated";
  readonly target: RevocationTarget;
  /** How many sessions ended with it. */
  readonly sessions: number;
}

/** There were more events than are kept: how many were left out, by their kind, until the time of this one. */
export interface OmittedEvent {
  readonly kind: "omitted";
  readonly counts: Readonly<Partial<Record<AuditEntry["kind"], number>>>;
  /** When the first of them was left out, in milliseconds since 1970 UTC. */
  readonly since: number;
}

/** What parts of the server record. */
export type AuditEntry = AdmittedEvent | RefusedEvent | DeniedEvent | EndedEvent | RevokedEvent;

/** What the audit trail holds, and sends on. `time` is in milliseconds since 1970 UTC. None of them holds a secret. */
export type AuditEvent = (AuditEntry | OmittedEvent) & { readonly time: number };

/** Takes what happened. */
export type AuditRecorder = (entry: AuditEntry) => void;
