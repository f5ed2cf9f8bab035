import { hexOf } from "./hex.js";
import type { Random } from "./random.js";

/** A name nobody can guess (with a cryptographic source): `bytes` random bytes as hexadecimal digits. */
export function randomHex(random: Random, bytes: number): string {
  const target = new Uint8Array(bytes);
  random.fill(target);
  return hexOf(target);
}
