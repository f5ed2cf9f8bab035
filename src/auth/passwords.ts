import type { Clock } from "../kernel/clock.js";
import { BusbarError } from "../kernel/errors.js";
import { encodeBase64 } from "../protocol/base64.js";
import { formatPasswordHash, parsePasswordHash, type PasswordHash } from "./password-hash.js";
import type { PasswordHashing, ScryptCost } from "./password-ports.js";
import { noAnswer } from "./recognised.js";
import { isSameSecret } from "./secret.js";

/** 32 MiB and three times over: what OWASP's Password Storage Cheat Sheet has as one of equals, and little memory for it. */
const COST: ScryptCost = { ln: 15, r: 8, p: 3 };
const SALT_BYTES = 16;
const HASH_BYTES = 32;

/** So many passwords that were right are remembered. */
const REMEMBERED_MAX = 10_000;

/** For how long a password that was right is let in without being hashed again: clients that come back come often. */
export const rememberDefaultMs = 300_000;

/** Nobody's password: what is compared where there is no such user, so that it takes as long. */
const nobodysHash: PasswordHash = { ...COST, salt: new Uint8Array(SALT_BYTES), hash: new Uint8Array(HASH_BYTES) };

export interface PasswordsOptions {
  readonly hashing: PasswordHashing;
  readonly clock: Clock;
  /** 0: not at all. */
  readonly rememberMs?: number;
}

/** Hashes passwords, and compares them with hashes. */
export class Passwords {
  readonly #hashing: PasswordHashing;
  readonly #clock: Clock;
  readonly #rememberMs: number;
  /** Until when each is remembered, the oldest first: a seal of hash and password, never the password. */
  readonly #remembered = new Map<string, number>();

  constructor({ clock, hashing, rememberMs = rememberDefaultMs }: PasswordsOptions) {
    this.#hashing = hashing;
    this.#clock = clock;
    this.#rememberMs = rememberMs;
  }

  /** Hash a password for a table of users. Rejects with `auth/empty-password`, or `auth/no-answer` while too many wait. */
  async hash(password: string): Promise<string> {
    if (password === "") throw new BusbarError("auth/empty-password", "an empty password is none");
    const salt = new Uint8Array(SALT_BYTES);
    this.#hashing.fill(salt);
    const request = { ...COST, salt, hash: new Uint8Array(HASH_BYTES) };
    return formatPasswordHash({ ...request, hash: await this.#again(password, request) });
  }

  /**
   * Whether this is the password of which that is the hash; it takes as long where there is none, or a text that is none.
   *
   * Rejects with `auth/no-answer` while too many wait.
   */
  async isRight(password: string, hash: string | undefined): Promise<boolean> {
    const wanted = hash === undefined ? undefined : parsePasswordHash(hash);
    const seal = this.#hashing.seal(JSON.stringify([hash, password]));
    if (this.#isRemembered(seal)) return true;
    const found = await this.#again(password, wanted ?? nobodysHash);
    const isRight = wanted !== undefined && isSameSecret(encodeBase64(wanted.hash), encodeBase64(found));
    if (isRight) this.#remember(seal);
    return isRight;
  }

  /** The hash of this password, made as that one was. */
  async #again(password: string, { hash, ln, p, r, salt }: PasswordHash): Promise<Uint8Array> {
    // RFC 8265, 4.2.2: the same letters are the same password, however they are composed.
    const request = { ln, r, p, salt, length: hash.length, password: password.normalize("NFC") };
    const found = this.#hashing.scrypt(request);
    if (found === undefined) throw noAnswer("as many passwords wait to be checked as may");
    return found;
  }

  #isRemembered(seal: string): boolean {
    return (this.#remembered.get(seal) ?? 0) > this.#clock.now();
  }

  #remember(seal: string): void {
    const now = this.#clock.now();
    for (const [oldest, until] of this.#remembered) {
      if (until > now && this.#remembered.size < REMEMBERED_MAX) break;
      this.#remembered.delete(oldest);
    }
    this.#remembered.delete(seal);
    this.#remembered.set(seal, now + this.#rememberMs);
  }
}
