import { BusbarError } from "../kernel/errors.js";
import type { Principal } from "./principal.js";

/** Whom an application's own function recognised: a principal, or as much of one as there is. */
export interface Recognised {
  readonly id: string;
  /** Default: none. */
  readonly roles?: readonly string[];
  readonly claims?: Readonly<Record<string, unknown>>;
  /** In milliseconds since 1970 UTC. Default: it does not expire. */
  readonly expiresAtMs?: number | undefined;
}

/** The error for somebody who is known and may not connect: HTTP 403 at the handshake. The reason is for the log alone. */
export function forbidden(reason: string): BusbarError {
  return new BusbarError("auth/forbidden", reason);
}

/** The error for a question that has no answer now: HTTP 503 at the handshake, and the client comes back. */
export function noAnswer(message: string, cause?: unknown): BusbarError {
  return new BusbarError("auth/no-answer", message, { retryable: true, cause });
}

/**
 * Make what an application's function returned a principal; undefined and null: nobody.
 *
 * @throws BusbarError `auth/invalid-principal` for anything else, so that a mistake lets nobody in.
 */
export function principalFrom(recognised: unknown): Principal | undefined {
  if (recognised === undefined || recognised === null) return undefined;
  if (typeof recognised !== "object") throw invalid(`a principal is an object, not a ${typeof recognised}`);
  const { claims = {}, expiresAtMs, id, roles = [] }: Partial<Record<keyof Principal, unknown>> = recognised;
  if (typeof id !== "string" || id === "") throw invalid("a principal's id is a string that is not empty");
  if (!Array.isArray(roles) || !roles.every((role) => typeof role === "string")) {
    throw invalid("a principal's roles are strings");
  }
  if (!isRecord(claims)) throw invalid("a principal's claims are an object");
  if (expiresAtMs !== undefined && !(typeof expiresAtMs === "number" && !Number.isNaN(expiresAtMs))) {
    throw invalid("a principal's expiresAtMs is a number");
  }
  return { id, roles, claims, expiresAtMs };
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function invalid(message: string): BusbarError {
  return new BusbarError("auth/invalid-principal", message);
}
