import { createHmac, randomBytes, randomFillSync, scrypt } from "node:crypto";
import type { PasswordHashing, ScryptRequest } from "../../auth/password-ports.js";
import { JobLimiter } from "./job-limiter.js";

/** So many are hashed at once: half of the threads that Node has by default, for files and names need some as well. */
const RUNNING_MAX = 2;

/** So many wait for that: the last of them for about 4 s. */
const WAITING_MAX = 32;

/** The memory that scrypt may use: what a hash takes that may be checked, and some more. */
const MEMORY_BYTES_MAX = 80 * 1024 * 1024;

/** Hashes passwords on Node's threads. */
export class NodePasswordHashing implements PasswordHashing {
  readonly #limiter = new JobLimiter(RUNNING_MAX);
  readonly #key = randomBytes(32);
  #unfinished = 0;

  scrypt(request: ScryptRequest): Promise<Uint8Array> | undefined {
    if (this.#unfinished >= RUNNING_MAX + WAITING_MAX) return undefined;
    this.#unfinished++;
    return this.#limiter.run(() => derive(request)).finally(() => this.#unfinished--);
  }

  fill(target: Uint8Array): void {
    randomFillSync(target);
  }

  seal(text: string): string {
    return createHmac("sha256", this.#key).update(text).digest("base64");
  }
}

function derive({ length, ln, p, password, r, salt }: ScryptRequest): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    scrypt(password, salt, length, { N: 2 ** ln, r, p, maxmem: MEMORY_BYTES_MAX }, (error, hash) => {
      if (error === null) resolve(hash);
      else reject(error);
    });
  });
}
