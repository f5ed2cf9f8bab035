import type { Credentials } from "../wire/messages.js";
import type { Principal } from "./principal.js";

export type { Credentials } from "../wire/messages.js";

export interface RequestHeaders {
  get(name: string): string | undefined;
  /** Names and values, where they can be listed. */
  [Symbol.iterator]?(): Iterator<readonly [string, string]>;
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
  /** From the `Authorization` header, or from the client's `hello`. */
  readonly credentials: Credentials | undefined;
}

/**
 * Tell who a request comes from; undefined: "nobody that I know".
 *
 * `challenge` is the `WWW-Authenticate` value of the 401 that follows when nobody was recognised (RFC 9110, 11.6.1).
 * What it throws means that the question could not be answered, and lets nobody in.
 */
export type Authenticator = ((
  request: AuthenticationRequest,
) => Principal | undefined | Promise<Principal | undefined>) & { readonly challenge?: string };

/** Ask each authenticator in order; the first that recognises somebody decides. An empty list recognises nobody. */
export function firstOf(authenticators: readonly Authenticator[]): Authenticator {
  const authenticate = async (request: AuthenticationRequest): Promise<Principal | undefined> => {
    for (const authenticator of authenticators) {
      const principal = await authenticator(request);
      if (principal !== undefined) return principal;
    }
    return undefined;
  };
  const challenges = authenticators.flatMap(({ challenge }) => (challenge === undefined ? [] : [challenge]));
  return challenges.length === 0 ? authenticate : Object.assign(authenticate, { challenge: challenges.join(", ") });
}
