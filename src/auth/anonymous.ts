import { BusbarError } from "../kernel/errors.js";
import { showsCredentials, type AuthenticationRequest, type Authenticator } from "./authenticator.js";
import type { Principal } from "./principal.js";

export interface AnonymousOptions {
  /** What strangers may do. */
  readonly roles: readonly string[];
  /** What all of them are called. Default: `anonymous`. */
  readonly id?: string;
}

/**
 * Let in who shows nothing, as one principal for all of them.
 *
 * It is asked last, wherever it stands. Who shows a password or a token that is wrong is refused, and no guest.
 *
 * @throws BusbarError `options/invalid`.
 */
export function anonymous({ id = "anonymous", roles }: AnonymousOptions): Authenticator {
  if (id === "") throw new BusbarError("options/invalid", "the option id is not empty");
  const stranger: Principal = { id, roles: [...roles], claims: {}, expiresAtMs: undefined };
  const authenticate = (request: AuthenticationRequest): Principal | undefined =>
    showsCredentials(request) ? undefined : stranger;
  return Object.assign(authenticate, { traits: { anonymousRoles: stranger.roles, isHandshakeOnly: true } });
}
