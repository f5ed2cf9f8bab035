import { BusbarError } from "../kernel/errors.js";
import type { AuthenticationRequest, Authenticator, AuthenticatorWatch } from "./authenticator.js";
import { parsePasswordHash } from "./password-hash.js";
import type { Passwords } from "./passwords.js";
import type { Principal } from "./principal.js";
import { isSameSecret } from "./secret.js";

/** A user whose password is known by what `hashPassword` or `busbar user add` made of it. */
export interface HashedUser {
  readonly passwordHash: string;
  readonly roles: readonly string[];
  readonly claims?: Readonly<Record<string, unknown>>;
}

/** A user whose password stands readably in the application. */
export interface PlainUser extends Omit<HashedUser, "passwordHash"> {
  readonly password: string;
}

/** A user of a table that is part of the application. */
export type BasicUser = PlainUser | HashedUser;

/** Users that are kept elsewhere, as `usersFile` keeps them. */
export interface UserSource {
  find(username: string): HashedUser | undefined;
  /** Tell of each user that has changed or is gone; ends with the function that it returns. */
  watch(watch: AuthenticatorWatch): () => void;
}

/** Look a user up, in constant time where the password is compared; undefined when name and password do not fit. */
export type BasicLookup = (
  username: string,
  password: string,
) => Principal | undefined | Promise<Principal | undefined>;

/** Who can be recognised by a password: a table, a source, or a function. */
export type BasicUsers = Readonly<Record<string, BasicUser>> | UserSource | BasicLookup;

export interface BasicOptions {
  /** What the browser's login window names. Default: `busbar`. Printable ASCII without `"` and `\`. */
  readonly realm?: string;
  /**
   * For so many milliseconds a password that was right is not hashed again. Default: 5 minutes; 0: always hashed. In
   * memory, sealed with a key of this process; a user whose hash changes is hashed again.
   */
  readonly rememberMs?: number;
}

/**
 * Recognise users by name and password (RFC 7617), at the handshake or in the client's `hello`.
 *
 * @throws BusbarError `auth/empty-password`, `auth/invalid-hash` or `auth/invalid-realm`.
 */
export function basicWith(
  passwords: Passwords,
  users: BasicUsers,
  { realm = "busbar" }: Pick<BasicOptions, "realm"> = {},
): Authenticator {
  const { lookup, ...traits } = knownIn(passwords, users);
  const authenticate = (request: AuthenticationRequest): ReturnType<Authenticator> => {
    const { credentials } = request;
    return credentials?.scheme === "basic" ? lookup(credentials.username, credentials.password) : undefined;
  };
  return Object.assign(authenticate, { challenge: challengeOf(realm), ...traits });
}

interface Known extends Pick<Authenticator, "traits" | "watch"> {
  readonly lookup: BasicLookup;
}

function knownIn(passwords: Passwords, users: BasicUsers): Known {
  if (typeof users === "function") return { lookup: users };
  if (!isSource(users)) return knownInTable(passwords, users);
  const lookup: BasicLookup = async (username, password) => {
    const user = users.find(username);
    const isRight = await passwords.isRight(password, user?.passwordHash);
    // It may have changed meanwhile.
    const known = isRight ? users.find(username) : undefined;
    return known !== undefined && known.passwordHash === user?.passwordHash ? principalOf(username, known) : undefined;
  };
  return { lookup, watch: (watch) => users.watch(watch) };
}

/** A table could have a user called `find`, who would be no function. */
function isSource(users: Readonly<Record<string, BasicUser>> | UserSource): users is UserSource {
  return typeof users["find"] === "function";
}

function knownInTable(passwords: Passwords, users: Readonly<Record<string, BasicUser>>): Known {
  const table = new Map(Object.entries(users));
  for (const [username, user] of table) requireUsable(username, user);
  const all = Array.from(table.values());
  const nobody: BasicUser = all.some((user) => "passwordHash" in user)
    ? { passwordHash: "", roles: [] }
    : { password: "nobody has this password, and it would not help", roles: [] };
  const lookup: BasicLookup = (username, password) => {
    const user = table.get(username);
    const principalIf = (isRight: boolean): Principal | undefined =>
      isRight && user !== undefined ? principalOf(username, user) : undefined;
    const known = user ?? nobody;
    if ("password" in known) return principalIf(isSameSecret(known.password, password));
    return passwords.isRight(password, known.passwordHash).then(principalIf);
  };
  return { lookup, traits: { hasPlainPasswords: all.some((user) => "password" in user) } };
}

function principalOf(id: string, { claims = {}, roles }: BasicUser): Principal {
  return { id, roles, claims, expiresAtMs: undefined };
}

/** @throws BusbarError `auth/empty-password` or `auth/invalid-hash` */
function requireUsable(username: string, user: BasicUser): void {
  if ("password" in user) {
    if (user.password === "")
      throw new BusbarError("auth/empty-password", `the user ${username} has an empty password`);
  } else if (parsePasswordHash(user.passwordHash) === undefined) {
    throw new BusbarError(
      "auth/invalid-hash",
      `the user ${username} has a passwordHash that hashPassword did not make`,
    );
  }
}

function challengeOf(realm: string): string {
  if (!/^[ !#-[\]-~]*$/.test(realm)) {
    throw new BusbarError("auth/invalid-realm", 'a realm is printable ASCII without " and \\');
  }
  return `Basic realm="${realm}", charset="UTF-8"`;
}
