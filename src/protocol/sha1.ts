import { byteAt, uint32At, wordAt } from "./elements.js";

/** The constants of each 20 rounds (FIPS 180-4, 4.2.1). */
const K = [0x5a827999, 0x6ed9eba1, 0x8f1bbcdc, 0xca62c1d6] as const;

/** FIPS 180-4, 5.3.1. */
const INITIAL = [0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0] as const;

// One message is worked off before the next begins, and memory is made once for all of them.
/** FIPS 180-4, 6.1.2: the words of one block, and those that are mixed from them. */
const schedule = new Int32Array(80);
const state = new Int32Array(5);
/** The last bytes of a message and what they are filled up with, in one block or two. */
const tail = new Uint8Array(128);

/**
 * SHA-1 (FIPS 180-4, 6.1), of at most 2^29 − 1 bytes.
 *
 * Broken for signatures; RFC 6455 uses it as a proof of having read the request, no more.
 */
export function sha1(message: Uint8Array): Uint8Array {
  state.set(INITIAL);
  const tailAt = message.length - (message.length % 64);
  for (let at = 0; at < tailAt; at += 64) compress(message, at);
  const tailBytes = pad(message, tailAt);
  for (let at = 0; at < tailBytes; at += 64) compress(tail, at);
  const digest = new Uint8Array(20);
  for (let at = 0; at < 20; at++) digest[at] = wordAt(state, at >> 2) >>> (24 - (at & 3) * 8);
  return digest;
}

/**
 * FIPS 180-4, 5.1.1: fill `tail` with what is left of the message, a one bit, zeros, and the length in bits; how many bytes
 * that takes.
 */
function pad(message: Uint8Array, from: number): number {
  const bytes = message.length - from;
  const tailBytes = bytes + 9 > 64 ? 128 : 64;
  for (let at = 0; at < bytes; at++) tail[at] = byteAt(message, from + at);
  tail.fill(0, bytes);
  tail[bytes] = 0x80;
  for (let at = 1; at <= 4; at++) tail[tailBytes - at] = (message.length * 8) >>> ((at - 1) * 8);
  return tailBytes;
}

/** Mix the block that begins at `at` into the state (FIPS 180-4, 6.1.2). */
function compress(blocks: Uint8Array, at: number): void {
  for (let index = 0; index < 16; index++) schedule[index] = uint32At(blocks, at + index * 4);
  for (let index = 16; index < 80; index++) {
    const mixed = wordAt(schedule, index - 3) ^ wordAt(schedule, index - 8) ^ wordAt(schedule, index - 14);
    schedule[index] = rotate(mixed ^ wordAt(schedule, index - 16), 1);
  }
  let a = wordAt(state, 0);
  let b = wordAt(state, 1);
  let c = wordAt(state, 2);
  let d = wordAt(state, 3);
  let e = wordAt(state, 4);
  for (let round = 0; round < 80; round++) {
    const next = (rotate(a, 5) + mix(round, b, c, d) + e + wordAt(schedule, round)) | 0;
    e = d;
    d = c;
    c = rotate(b, 30);
    b = a;
    a = next;
  }
  state[0] = wordAt(state, 0) + a;
  state[1] = wordAt(state, 1) + b;
  state[2] = wordAt(state, 2) + c;
  state[3] = wordAt(state, 3) + d;
  state[4] = wordAt(state, 4) + e;
}

/** The function of round `at` and its constant (FIPS 180-4, 4.1.1). */
// oxlint-disable-next-line max-params -- the standard's own
function mix(at: number, b: number, c: number, d: number): number {
  if (at < 20) return ((b & c) | (~b & d)) + K[0];
  if (at < 40) return (b ^ c ^ d) + K[1];
  if (at < 60) return ((b & c) | (b & d) | (c & d)) + K[2];
  return (b ^ c ^ d) + K[3];
}

function rotate(value: number, bits: number): number {
  return (value << bits) | (value >>> (32 - bits));
}
