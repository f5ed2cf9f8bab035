import type { Logger } from "../kernel/logger.js";
import type { Credentials } from "../wire/messages.js";
import type { Principal } from "./principal.js";

export type { Credentials } from "../wire/messages.js";

export interface RequestHeaders {
  get(name: string): string | undefined;
  /** Names and values, where they can be listed. */
  [Symbol.iterator]?(): Iterator<readonly [string, string]>;
}

/** Something that a request carries and that is not accepted. */
export interface RefusedCredentials {
  /** A code or a short text for the log alone: `token/expired`. Never a part of what was shown. */
  readonly why: string;
  /** A browser sends it along by itself, as it does cookies: the client can still say otherwise who it is. */
  readonly isAmbient?: boolean;
}

/** What an authenticator can see of whoever wants in. */
export interface AuthenticationRequest {
  /** The request target as it came: path and query. */
  readonly url: string;
  readonly path: string;
  /** Header values by name, in any case. */
  readonly headers: RequestHeaders;
  readonly cookies: ReadonlyMap<string, string>;
  readonly remoteAddress: string;
  /** From the `Authorization` header, a subprotocol `busbar.token.…`, or the client's `hello` or `refresh`. */
  readonly credentials: Credentials | undefined;
  /** When it is asked. In `hello` and `refresh`, what the handshake's request carried does not say who it is. */
  readonly at?: "handshake" | "hello" | "refresh" | undefined;
  /** Say for the log why something that the request carries is not accepted. The client is not told. */
  readonly report?: ((refused: RefusedCredentials) => void) | undefined;
}

/** What an authenticator is like, for whoever asks it and for the checks at a server's start. */
export interface AuthenticatorTraits {
  /** It lets in whoever shows nothing, with these roles: asked last, and not where something was shown and refused. */
  readonly anonymousRoles?: readonly string[] | undefined;
  /** Its passwords stand readably in the application's code or configuration. */
  readonly hasPlainPasswords?: boolean | undefined;
  /** It recognises what a browser sends by itself: pages of any origin must not be let through to it. */
  readonly reliesOnOrigin?: boolean | undefined;
  /** It looks at the handshake's request alone, and recognises nobody by a `hello`. */
  readonly isHandshakeOnly?: boolean | undefined;
}

/** Who is told when an authenticator learns that somebody is not who they were. */
export interface AuthenticatorWatch {
  /** These principals are gone, or have other roles, claims or credentials: their sessions end, and can come back. */
  readonly onChanged: (principalIds: readonly string[]) => void;
  readonly logger: Logger;
}

/**
 * Tell who a request comes from; undefined: "nobody that I know".
 *
 * `challenge` is the `WWW-Authenticate` value of the 401 that follows when nobody was recognised (RFC 9110, 11.6.1).
 * What it throws lets nobody in: `forbidden(…)` means somebody who is known and may not connect, anything else that the
 * question could not be answered.
 */
export type Authenticator = ((
  request: AuthenticationRequest,
) => Principal | undefined | Promise<Principal | undefined>) & {
  readonly challenge?: string;
  readonly traits?: AuthenticatorTraits;
  /** Watch for changes until the function that it returns is called, where the authenticator can learn of any. */
  readonly watch?: (watch: AuthenticatorWatch) => () => void;
};

/**
 * Ask each authenticator in order; the first that recognises somebody decides. An empty list recognises nobody.
 *
 * Those that welcome strangers come last, and only where none of the others refused something that was shown: a forged
 * token makes nobody a guest.
 */
export function firstOf(authenticators: readonly Authenticator[]): Authenticator {
  const isForStrangers = ({ traits }: Authenticator): boolean => traits?.anonymousRoles !== undefined;
  const forStrangers = authenticators.filter(isForStrangers);
  const others = authenticators.filter((authenticator) => !isForStrangers(authenticator));
  const authenticate = async (request: AuthenticationRequest): Promise<Principal | undefined> => {
    const watched = watchRefusals(request);
    const principal = await ask(others, watched.request);
    if (principal !== undefined || watched.hasRefused()) return principal;
    return ask(forStrangers, request);
  };
  const challenges = authenticators.flatMap(({ challenge }) => (challenge === undefined ? [] : [challenge]));
  const isHandshakeOnly = authenticators.length > 0 && authenticators.every(({ traits }) => traits?.isHandshakeOnly);
  return Object.assign(
    authenticate,
    challenges.length > 0 && { challenge: challenges.join(", ") },
    isHandshakeOnly && { traits: { isHandshakeOnly } },
  );
}

async function ask(
  authenticators: readonly Authenticator[],
  request: AuthenticationRequest,
): Promise<Principal | undefined> {
  for (const authenticator of authenticators) {
    const principal = await authenticator(request);
    if (principal !== undefined) return principal;
  }
  return undefined;
}

/** Give a function the challenge and the traits of the authenticator that it stands for. */
export function standingFor(
  { challenge, traits }: Authenticator,
  authenticate: (request: AuthenticationRequest) => ReturnType<Authenticator>,
): Authenticator {
  return Object.assign(authenticate, challenge !== undefined && { challenge }, traits !== undefined && { traits });
}

/** The same request, and whether something that it carries on purpose was refused meanwhile. */
export function watchRefusals(request: AuthenticationRequest): {
  readonly request: AuthenticationRequest;
  readonly hasRefused: () => boolean;
} {
  let hasRefused = false;
  const report = (refused: RefusedCredentials): void => {
    hasRefused ||= refused.isAmbient !== true;
    request.report?.(refused);
  };
  return { request: { ...request, report }, hasRefused: () => hasRefused };
}

/** Whether the client says itself who it is, readably or not. */
export function showsCredentials({ credentials, headers }: AuthenticationRequest): boolean {
  return credentials !== undefined || headers.get("authorization") !== undefined;
}
