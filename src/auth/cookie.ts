import type { Clock } from "../kernel/clock.js";
import { BusbarError } from "../kernel/errors.js";
import { isToken } from "../protocol/header-syntax.js";
import type { AuthenticationRequest, Authenticator } from "./authenticator.js";
import { customWith, type AuthenticationHook, type CustomOptions, type Recognition } from "./custom.js";
import type { Principal } from "./principal.js";

export interface CookieOptions extends CustomOptions {
  /** The cookie's name: `__Host-session`. */
  readonly name: string;
  /** Tell whose session the cookie's value is. The value is as it came; its quotes are gone. */
  readonly verify: (
    value: string,
    context: { readonly request: AuthenticationRequest; readonly signal: AbortSignal },
  ) => Recognition | Promise<Recognition>;
}

/**
 * Recognise the browsers of users who are logged in to the site that serves busbar, by its session cookie.
 *
 * A browser sends the cookie with requests of any page: what keeps other sites' pages out is the check of the origin, so
 * that the server does not start where `origins` lets every page in. What a client says itself in its `hello` counts
 * more than its cookie.
 *
 * @throws BusbarError `options/invalid`.
 */
export function cookieWith(clock: Clock, { name, verify, ...options }: CookieOptions): Authenticator {
  if (!isToken(name)) throw new BusbarError("options/invalid", "the option name is the name of a cookie");
  const find: AuthenticationHook = (request, { signal }) => {
    const value = request.cookies.get(name);
    return value === undefined ? undefined : verify(value, { request, signal });
  };
  const ask = customWith(clock, find, options);
  const authenticate = async (request: AuthenticationRequest): Promise<Principal | undefined> => {
    if ((request.at ?? "handshake") !== "handshake") return undefined;
    const principal = await ask(request);
    if (principal === undefined && request.cookies.has(name)) {
      request.report?.({ why: "cookie/unknown", isAmbient: true });
    }
    return principal;
  };
  return Object.assign(authenticate, { traits: { reliesOnOrigin: true, isHandshakeOnly: true } });
}

/**
 * Refuse to serve pages of every origin where one of the authenticators relies on the check of it.
 *
 * @throws BusbarError `auth/any-origin`.
 */
export function requireOriginCheck(
  authenticators: readonly Authenticator[],
  origins: "same" | "any" | readonly string[],
): void {
  // Any page can have the origin `null`: it opens itself in a sandbox.
  if (origins !== "any" && !origins.includes("null")) return;
  if (!authenticators.some(({ traits }) => traits?.reliesOnOrigin)) return;
  const message =
    "cookies are sent with requests of any page, and the option origins lets every page in: list the origins that may";
  throw new BusbarError("auth/any-origin", message);
}
