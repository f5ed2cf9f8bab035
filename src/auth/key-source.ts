import type { SignatureCheck } from "./token-ports.js";

/** Which key a token is signed with, as it says itself. */
export interface WantedKey {
  readonly alg: string;
  readonly kid: string | undefined;
}

/** Keys of one issuer. */
export interface KeySource {
  /** Whether it has keys for this algorithm at all. */
  takes(alg: string): boolean;
  /** The key; undefined where there is none. Rejects with `auth/no-answer` where that cannot be found out now. */
  find(wanted: WantedKey): SignatureCheck | undefined | Promise<SignatureCheck | undefined>;
}

/** One key for one algorithm, which the application was given. */
export class StaticKey implements KeySource {
  readonly #alg: string;
  readonly #kid: string | undefined;
  readonly #check: SignatureCheck;

  constructor({ alg, kid }: WantedKey, check: SignatureCheck) {
    this.#alg = alg;
    this.#kid = kid;
    this.#check = check;
  }

  takes(alg: string): boolean {
    return alg === this.#alg;
  }

  /** A key that has a name is for tokens that say it. */
  find({ alg, kid }: WantedKey): SignatureCheck | undefined {
    return alg === this.#alg && (this.#kid === undefined || kid === this.#kid) ? this.#check : undefined;
  }
}
