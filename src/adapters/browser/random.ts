import type { Random } from "../../kernel/random.js";

/** `getRandomValues` fills at most this much at once (Web Cryptography, 10.1.1). */
const FILL_BYTES_MAX = 65_536;

/** The browser's cryptographic randomness. */
export const browserRandom: Random = {
  fill(target) {
    for (let start = 0; start < target.length; start += FILL_BYTES_MAX) {
      const part = new Uint8Array(Math.min(FILL_BYTES_MAX, target.length - start));
      target.set(crypto.getRandomValues(part), start);
    }
  },
  fraction() {
    const [bits = 0] = crypto.getRandomValues(new Uint32Array(1));
    return bits / 2 ** 32;
  },
};
