import {
  showsCredentials,
  standingFor,
  watchRefusals,
  type AuthenticationRequest,
  type Authenticator,
} from "../auth/authenticator.js";
import type { Principal } from "../auth/principal.js";

/** Whoever has not said yet who it is: a browser's WebSocket carries no `Authorization` of the page's own. */
export const nobodyYet: Principal = { id: "", roles: [], claims: {}, expiresAtMs: undefined };

/**
 * Make the authenticator of the handshake: it lets through whom it does not recognise as `nobodyYet`, who then has to
 * say hello, unless the request shows who it is, which is wrong then, or no hello would help.
 */
export function handshakeAuthenticator(authenticate: Authenticator): Authenticator {
  return standingFor(authenticate, async (asked: AuthenticationRequest): Promise<Principal | undefined> => {
    const { hasRefused, request } = watchRefusals(asked);
    const principal = await authenticate(request);
    const isRefused = hasRefused() || showsCredentials(request) || authenticate.traits?.isHandshakeOnly === true;
    return principal ?? (isRefused ? undefined : nobodyYet);
  });
}
