import { portableTextCodec } from "../kernel/text-codec.js";
import { decodeBase64 } from "../protocol/base64.js";
import { memberOf, type JsonObject } from "../wire/json.js";
import { parseStrictObject } from "./strict-json.js";

/** What a token says, before anybody knows whether it is true. */
export interface Token {
  readonly alg: string;
  /** Names the key that it is signed with; undefined where it does not say. */
  readonly kid: string | undefined;
  readonly claims: JsonObject;
}

/** Why a token is not accepted: for the log alone. */
export type TokenFault =
  | "token/too-long"
  | "token/malformed"
  | "token/header"
  | "token/algorithm"
  | "token/unknown-key"
  | "token/signature"
  | "token/issuer"
  | "token/audience"
  | "token/expired"
  | "token/endless"
  | "token/not-yet-valid"
  | "token/issued-later"
  | "token/subject"
  | "token/roles"
  | "token/claims"
  | "token/given-twice";

/** A key's name is no longer. */
const kidLengthMax = 255;

/** Types of tokens that say who somebody is (RFC 7519, 5.1; RFC 9068, 2.1); others say something else. */
const types: ReadonlySet<unknown> = new Set([undefined, "jwt", "at+jwt", "application/jwt", "application/at+jwt"]);

/** What a header must not have: extensions (RFC 7515, 4.1.11; RFC 7797), encryption, another token inside. */
const foreignMembers = ["crit", "b64", "enc", "zip", "cty"];

/**
 * Take a signed token in its compact form apart (RFC 7515, 7.1; RFC 7519). Nothing of it is true yet.
 *
 * Addresses and keys in its header (`jku`, `x5u`, `jwk`, `x5c`) are not looked at.
 */
export function readToken(text: string): Token | TokenFault {
  const [header, payload, signature, ...more] = text.split(".").map(bytesOf);
  if (header === undefined || payload === undefined || signature === undefined || more.length > 0) {
    return "token/malformed";
  }
  if (header.length === 0 || payload.length === 0 || signature.length === 0) return "token/malformed";
  const head = objectIn(header);
  const claims = objectIn(payload);
  if (head === undefined || claims === undefined) return "token/malformed";
  const [alg, kid, typ] = ["alg", "kid", "typ"].map((name) => memberOf(head, name));
  const hasKid = kid === undefined || (typeof kid === "string" && kid.length <= kidLengthMax);
  const isKnownType = types.has(typeof typ === "string" ? typ.toLowerCase() : typ);
  const isForeign = foreignMembers.some((name) => Object.hasOwn(head, name));
  if (typeof alg !== "string" || !hasKid || !isKnownType || isForeign) return "token/header";
  return { alg, kid, claims };
}

/** The bytes of canonical base64url without padding (RFC 7515, 2); undefined for any other text. */
function bytesOf(text: string): Uint8Array | undefined {
  if (!/^[A-Za-z0-9_-]*$/.test(text)) return undefined;
  const base64 = text.replaceAll("-", "+").replaceAll("_", "/");
  return decodeBase64(base64.padEnd(Math.ceil(base64.length / 4) * 4, "="));
}

function objectIn(bytes: Uint8Array): JsonObject | undefined {
  if (!portableTextCodec.isUtf8(bytes, 0, bytes.length)) return undefined;
  return parseStrictObject(portableTextCodec.decode(bytes, 0, bytes.length));
}
