import { nodeClock } from "../adapters/node/clock.js";
import { NodePasswordHashing } from "../adapters/node/password-hashing.js";
import type { Authenticator } from "../auth/authenticator.js";
import { basicWith, type BasicOptions, type BasicUsers } from "../auth/basic.js";
import { Passwords } from "../auth/passwords.js";

/** One for all of the process, so that only so many are hashed at once. */
const hashing = new NodePasswordHashing();
const passwords = new Passwords({ hashing, clock: nodeClock, rememberMs: 0 });

/**
 * Recognise users by name and password (RFC 7617), at the handshake or in the client's `hello`.
 *
 * Passwords cross the network readably: serve over TLS. An unknown user takes as long as a wrong password.
 *
 * @example basic({ ada: { passwordHash: "$scrypt$ln=15,r=8,p=3$…", roles: ["member"] } })
 * @throws BusbarError `auth/empty-password`, `auth/invalid-hash` or `auth/invalid-realm`.
 */
export function basic(users: BasicUsers, options: BasicOptions = {}): Authenticator {
  return basicWith(new Passwords({ hashing, clock: nodeClock, ...options }), users, options);
}

/**
 * Hash a password with scrypt, for a table or a database of users: `$scrypt$ln=15,r=8,p=3$<salt>$<hash>`. It takes some
 * tenths of a second and 32 MiB.
 *
 * Rejects with `auth/empty-password`, or with `auth/no-answer` while too many wait.
 */
export function hashPassword(password: string): Promise<string> {
  return passwords.hash(password);
}

/**
 * Whether this is the password that was hashed so. Where there is no hash, and so no such user, it takes as long.
 *
 * Rejects with `auth/no-answer` while too many wait.
 */
export function verifyPassword(password: string, passwordHash: string | undefined): Promise<boolean> {
  return passwords.isRight(password, passwordHash);
}
