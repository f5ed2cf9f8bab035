import { BusbarError } from "../kernel/errors.js";
import type { AuthenticationRequest, Authenticator } from "./authenticator.js";
import type { Principal } from "./principal.js";
import { isSameSecret } from "./secret.js";

/** A user of a table that is part of the application. */
export interface BasicUser {
  readonly password: string;
  readonly roles: readonly string[];
  readonly claims?: Readonly<Record<string, unknown>>;
}

/** Look a user up, in constant time where the password is compared; undefined when name and password do not fit. */
export type BasicLookup = (
  username: string,
  password: string,
) => Principal | undefined | Promise<Principal | undefined>;

export interface BasicOptions {
  /** What the browser's login window names. Default: `busbar`. Printable ASCII without `"` and `\`. */
  readonly realm?: string;
}

/**
 * Recognise users by name and password (RFC 7617), at the handshake or in the client's `hello`.
 *
 * Passwords cross the network readably: serve over TLS. An unknown user takes as long as a wrong password.
 *
 * @example basic({ ada: { password: "…", roles: ["member"] } })
 * @throws BusbarError `auth/empty-password` or `auth/invalid-realm`.
 */
export function basic(
  users: Readonly<Record<string, BasicUser>> | BasicLookup,
  options: BasicOptions = {},
): Authenticator {
  const lookup = typeof users === "function" ? users : lookupIn(users);
  const authenticate = (request: AuthenticationRequest): ReturnType<Authenticator> => {
    const { credentials } = request;
    return credentials?.scheme === "basic" ? lookup(credentials.username, credentials.password) : undefined;
  };
  const traits = { hasPlainPasswords: typeof users !== "function" && Object.keys(users).length > 0 };
  return Object.assign(authenticate, { challenge: challengeOf(options.realm ?? "busbar"), traits });
}

function lookupIn(users: Readonly<Record<string, BasicUser>>): BasicLookup {
  const table = new Map(Object.entries(users));
  for (const [username, { password }] of table) {
    if (password === "") throw new BusbarError("auth/empty-password", `the user ${username} has an empty password`);
  }
  const nobody: BasicUser = { password: "nobody has this password, and it would not help", roles: [] };
  return (username, password) => {
    const user = table.get(username);
    const { roles, claims = {}, password: secret } = user ?? nobody;
    const isRight = isSameSecret(secret, password);
    return isRight && user !== undefined ? { id: username, roles, claims, expiresAtMs: undefined } : undefined;
  };
}

function challengeOf(realm: string): string {
  if (!/^[ !#-[\]-~]*$/.test(realm)) {
    throw new BusbarError("auth/invalid-realm", 'a realm is printable ASCII without " and \\');
  }
  return `Basic realm="${realm}", charset="UTF-8"`;
}
