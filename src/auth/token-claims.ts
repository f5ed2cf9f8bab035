import { memberOf, type JsonObject } from "../wire/json.js";
import type { Principal } from "./principal.js";
import type { TokenFault } from "./token.js";

/** What is expected of a token's claims. */
export interface ClaimRules {
  /** Now, in milliseconds since 1970 UTC. */
  readonly nowMs: number;
  /** How much the issuer's clock may be ahead of this one. */
  readonly clockSkewMs: number;
  /** Whether a token without `exp` is accepted. */
  readonly allowEndless: boolean;
}

/** Whom a token is expected to come from, and whom to be for. */
export interface Parties {
  /** Undefined: the key alone tells. */
  readonly issuer: string | undefined;
  /** One of them has to be meant. */
  readonly audience: readonly string[];
}

/** How a principal comes out of claims: by the name of a claim, or by a function. */
export interface PrincipalRules {
  readonly id: string | ((claims: JsonObject) => unknown);
  readonly roles: string | ((claims: JsonObject) => unknown);
}

/** A principal's id has at most so many characters. */
const idLengthMax = 255;

/** The last moment that a Date can hold, in seconds. */
const secondsMax = 8_640_000_000_000;

/** What is wrong with the token's time; undefined where it is good. `exp` is taken exactly (RFC 7519, 4.1.4 to 4.1.6). */
export function faultOfTime(claims: JsonObject, rules: ClaimRules): TokenFault | undefined {
  const { allowEndless, clockSkewMs, nowMs } = rules;
  const [exp, nbf, iat] = ["exp", "nbf", "iat"].map((name) => memberOf(claims, name));
  for (const time of [exp, nbf, iat]) if (time !== undefined && !isTime(time)) return "token/claims";
  if (exp === undefined && !allowEndless) return "token/endless";
  if (Number(exp ?? Infinity) * 1000 <= nowMs) return "token/expired";
  if (Number(nbf ?? 0) * 1000 > nowMs + clockSkewMs) return "token/not-yet-valid";
  return Number(iat ?? 0) * 1000 > nowMs + clockSkewMs ? "token/issued-later" : undefined;
}

/**
 * What is wrong with whom the token comes from and whom it is for; undefined where both are right.
 *
 * A token that names an audience is not for somebody who does not know to be one (RFC 7519, 4.1.3).
 */
export function faultOfParties(claims: JsonObject, { audience, issuer }: Parties): TokenFault | undefined {
  if (issuer !== undefined && memberOf(claims, "iss") !== issuer) return "token/issuer";
  const named = memberOf(claims, "aud");
  if (named === undefined) return audience.length === 0 ? undefined : "token/audience";
  const all: readonly unknown[] = Array.isArray(named) ? named : [named];
  if (!all.every((name) => typeof name === "string")) return "token/claims";
  return audience.some((name) => all.includes(name)) ? undefined : "token/audience";
}

/** Who a token that is true is about. What the application's functions throw goes on. */
export function principalOf(claims: JsonObject, rules: PrincipalRules): Principal | TokenFault {
  const read = (rule: PrincipalRules["id"]): unknown =>
    typeof rule === "string" ? memberOf(claims, rule) : rule(claims);
  const id = read(rules.id);
  if (typeof id !== "string" || id === "" || id.length > idLengthMax) return "token/subject";
  const roles = rolesIn(read(rules.roles));
  if (roles === undefined) return "token/roles";
  const exp = memberOf(claims, "exp");
  return { id, roles, claims, expiresAtMs: typeof exp === "number" ? exp * 1000 : undefined };
}

/** A list of names, or one text with blanks between them, as `scope` is (RFC 8693, 4.2). */
function rolesIn(value: unknown): readonly string[] | undefined {
  if (value === undefined) return [];
  if (typeof value === "string") return value.split(" ").filter((role) => role !== "");
  const isList = Array.isArray(value) && value.every((role): role is string => typeof role === "string");
  return isList ? value : undefined;
}

function isTime(value: unknown): boolean {
  return typeof value === "number" && value >= 0 && value <= secondsMax;
}
