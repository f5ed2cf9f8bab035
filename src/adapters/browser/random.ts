import type { Random } from "../../kernel/random.js";

/** The browser's randomness: cryptographic where names are made of it (at most 65,536 bytes at once), and fast elsewhere. */
export const browserRandom: Random = {
  fill: (target) => target.set(crypto.getRandomValues(new Uint8Array(target.length))),
  fraction: () => Math.random(),
};
