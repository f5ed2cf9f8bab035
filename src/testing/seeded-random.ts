import type { Random } from "../kernel/random.js";

/**
 * A source of random numbers that gives the same ones for the same seed, on every machine.
 *
 * The generator is Chris Doty-Humphrey's sfc32 (128 bits of state, period of 2^32 at least). Not for secrets.
 */
export class SeededRandom implements Random {
  /** What this source began with; a failing test prints it. */
  readonly seed: number;
  #a = 0;
  #b: number;
  #c: number;
  #counter = 1;

  /** @param seed its lowest 53 bits count, as a whole number */
  constructor(seed: number) {
    this.seed = seed;
    this.#b = Math.floor(seed / 2 ** 32) | 0;
    this.#c = seed | 0;
    // The first numbers of seeds that lie close together are alike: they are thrown away.
    for (let round = 0; round < 15; round++) this.uint32();
  }

  /** A whole number from 0 to 2^32 - 1. */
  uint32(): number {
    const sum = (this.#a + this.#b + this.#counter) | 0;
    this.#counter = (this.#counter + 1) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = (((this.#c << 21) | (this.#c >>> 11)) + sum) | 0;
    return sum >>> 0;
  }

  fill(target: Uint8Array): void {
    for (let index = 0; index < target.length; index++) target[index] = this.uint32() & 0xff;
  }

  fraction(): number {
    return ((this.uint32() >>> 5) * 2 ** 26 + (this.uint32() >>> 6)) / 2 ** 53;
  }

  /** A whole number from `min` to `max`, both included. */
  integer(min: number, max: number): number {
    return min + Math.floor(this.fraction() * (max - min + 1));
  }
}
