import { randomFillSync } from "node:crypto";
import type { Random } from "../../kernel/random.js";

/** Asking the operating system for 4 bytes costs as much as for 4 KiB. */
const POOL_BYTES = 4096;

/** Cryptographic randomness, drawn from a pool. */
export class NodeRandom implements Random {
  readonly #pool = new Uint8Array(POOL_BYTES);
  #taken = POOL_BYTES;

  fill(target: Uint8Array): void {
    if (target.length > POOL_BYTES) {
      randomFillSync(target);
      return;
    }
    if (this.#taken + target.length > POOL_BYTES) {
      randomFillSync(this.#pool);
      this.#taken = 0;
    }
    target.set(this.#pool.subarray(this.#taken, this.#taken + target.length));
    this.#taken += target.length;
  }

  fraction(): number {
    const bytes = new Uint8Array(4);
    this.fill(bytes);
    return new DataView(bytes.buffer).getUint32(0) / 0x1_0000_0000;
  }
}
