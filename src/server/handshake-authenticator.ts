import type { AuthenticationRequest, Authenticator } from "../auth/authenticator.js";
import type { Principal } from "../auth/principal.js";

/** Whoever has not said yet who it is: a browser's WebSocket carries no `Authorization` of the page's own. */
export const nobodyYet: Principal = { id: "", roles: [], claims: {}, expiresAtMs: undefined };

/**
 * Make the authenticator of the handshake: it lets through whom it does not recognise as `nobodyYet`, who then has to
 * say hello, unless the request carries an `Authorization`, which is wrong then.
 */
export function handshakeAuthenticator(authenticate: Authenticator): Authenticator {
  const atHandshake = async (request: AuthenticationRequest): Promise<Principal | undefined> => {
    const principal = await authenticate(request);
    return principal ?? (request.headers.get("authorization") === undefined ? nobodyYet : undefined);
  };
  const { challenge } = authenticate;
  return challenge === undefined ? atHandshake : Object.assign(atHandshake, { challenge });
}
