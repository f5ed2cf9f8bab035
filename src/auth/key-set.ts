import { BusbarError } from "../kernel/errors.js";
import { isJsonObject, type JsonObject } from "../wire/json.js";
import type { Jwk, PublicAlgorithm, SignatureCheck, SignatureChecks } from "./token-ports.js";

/** The keys of a key set that are of use, by algorithm and name. */
export type KeyTable = ReadonlyMap<string, readonly SignatureCheck[]>;

/** Where a key stands in the table. A name cannot be mistaken for another: algorithms have no blanks. */
export function placeOf(alg: string, kid: string | undefined): string {
  return kid === undefined ? alg : `${alg} ${kid}`;
}

export interface KeySetRules {
  readonly algs: readonly PublicAlgorithm[];
  readonly keysMax: number;
  readonly checks: SignatureChecks;
}

/**
 * Read a key set (RFC 7517, 5). Keys that are not for signatures, or for none of `algs`, are left out; so are those that
 * cannot be used, for one of them must not take the others away.
 *
 * @throws BusbarError `auth/keys-not-fetched` for what is no key set, or has more keys than `keysMax`.
 */
export function readKeySet(text: string, { algs, checks, keysMax }: KeySetRules): KeyTable {
  const table = new Map<string, SignatureCheck[]>();
  const add = (place: string, check: SignatureCheck): void => {
    table.set(place, [...(table.get(place) ?? []), check]);
  };
  for (const jwk of keysIn(text, keysMax)) {
    const fitting = algs.filter((alg) => isFor(jwk, alg));
    const usable = fitting.flatMap((alg) => checkFor(jwk, alg, checks));
    // A key that would do for two algorithms, as RSA keys can that do not say theirs, is not pinned to one.
    const [only, ...others] = usable;
    if (only === undefined || others.length > 0) continue;
    add(placeOf(only.alg, undefined), only.check);
    if (typeof jwk["kid"] === "string") add(placeOf(only.alg, jwk["kid"]), only.check);
  }
  return table;
}

function keysIn(text: string, keysMax: number): readonly Jwk[] {
  const keys = parse(text)?.["keys"];
  if (!Array.isArray(keys)) throw noKeySet("the document is no key set");
  if (keys.length > keysMax) throw noKeySet(`the key set has more than ${keysMax} keys`);
  return keys.filter(isJwk);
}

function parse(text: string): JsonObject | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isJsonObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function isJwk(value: unknown): value is Jwk {
  return isJsonObject(value) && typeof value["kty"] === "string";
}

/** RFC 7517, 4.2 to 4.4: what a key says of its own use. */
function isFor({ alg, key_ops: operations, use }: Jwk, wanted: PublicAlgorithm): boolean {
  const isForSignatures = use === undefined || use === "sig";
  const mayVerify = operations === undefined || (Array.isArray(operations) && operations.includes("verify"));
  return isForSignatures && mayVerify && (alg === undefined || alg === wanted);
}

function checkFor(
  jwk: Jwk,
  alg: PublicAlgorithm,
  checks: SignatureChecks,
): readonly { readonly alg: PublicAlgorithm; readonly check: SignatureCheck }[] {
  try {
    return [{ alg, check: checks.withPublicKey(jwk, alg) }];
  } catch {
    return [];
  }
}

function noKeySet(message: string): BusbarError {
  return new BusbarError("auth/keys-not-fetched", message, { retryable: true });
}
