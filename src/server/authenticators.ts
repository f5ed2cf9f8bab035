import { joseSignatureChecks, loadJose } from "../adapters/jose/signature-checks.js";
import { nodeClock } from "../adapters/node/clock.js";
import { httpsDocuments } from "../adapters/node/https-documents.js";
import type { Authenticator } from "../auth/authenticator.js";
import type { BearerKey, BearerPorts } from "../auth/bearer-keys.js";
import { bearerWith, type BearerOptions } from "../auth/bearer.js";
import { cookieWith, type CookieOptions } from "../auth/cookie.js";
import { customWith, type AuthenticationHook, type CustomOptions } from "../auth/custom.js";

const ports: BearerPorts = { clock: nodeClock, checks: joseSignatureChecks, documents: httpsDocuments };

/**
 * Recognise clients by signed tokens (JWT, RFC 7519): in the `Authorization` header, as the subprotocol
 * `busbar.token.<token>`, or in the client's `hello`.
 *
 * Each key is used with its own algorithm alone, whatever a token says; addresses and keys in a token are not looked at.
 *
 * @example bearer({ alg: "RS256", jwks: "https://id.example.org/jwks.json", issuer: "https://id.example.org/", audience: "chat" })
 * @throws BusbarError `auth/invalid-key`, `auth/invalid-realm`, `options/invalid`.
 */
export function bearer(keys: BearerKey | readonly BearerKey[], options: BearerOptions = {}): Authenticator {
  const authenticator = bearerWith(ports, keys, options);
  // Where it is missing, whoever checks a token is told.
  loadJose().catch(() => undefined);
  return authenticator;
}

/**
 * Recognise the browsers of users who are logged in to the site that serves busbar, by its session cookie.
 *
 * Other sites' pages are kept out by the check of the origin: a server whose `origins` let every page in does not start.
 *
 * @example cookie({ name: "__Host-session", verify: (value) => sessions.get(value) })
 * @throws BusbarError `options/invalid`.
 */
export function cookie(options: CookieOptions): Authenticator {
  return cookieWith(nodeClock, options);
}

/**
 * Recognise clients by a function of the application. What it throws, and no answer within the deadline, let nobody in.
 *
 * @example custom(async ({ headers }, { signal }) => lookUp(headers.get("x-api-key"), signal), { deadlineMs: 1_000 })
 * @throws BusbarError `options/invalid`.
 */
export function custom(hook: AuthenticationHook, options: CustomOptions = {}): Authenticator {
  return customWith(nodeClock, hook, options);
}
