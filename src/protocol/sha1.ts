import { wordAt } from "./elements.js";

/** The constants of each 20 rounds (FIPS 180-4, 4.2.1). */
const K = [0x5a827999, 0x6ed9eba1, 0x8f1bbcdc, 0xca62c1d6] as const;

/** FIPS 180-4, 6.1.2: the words of one block, and those that are mixed from them. */
const schedule = new Int32Array(80);

/**
 * SHA-1 (FIPS 180-4, 6.1), of at most 2^29 − 1 bytes.
 *
 * Broken for signatures; RFC 6455 uses it as a proof of having read the request, no more.
 */
export function sha1(message: Uint8Array): Uint8Array {
  const blocks = padded(message);
  // FIPS 180-4, 5.3.1.
  const state = Int32Array.of(0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0);
  for (let at = 0; at < blocks.byteLength; at += 64) {
    for (let index = 0; index < 16; index++) schedule[index] = blocks.getInt32(at + index * 4);
    compress(state);
  }
  const digest = new DataView(new ArrayBuffer(20));
  for (const [index, word] of state.entries()) digest.setInt32(index * 4, word);
  return new Uint8Array(digest.buffer);
}

/** FIPS 180-4, 5.1.1: a one bit, zeros, and the length in bits, up to a whole number of 64-byte blocks. */
function padded(message: Uint8Array): DataView {
  const bytes = new Uint8Array(Math.ceil((message.length + 9) / 64) * 64);
  bytes.set(message);
  bytes[message.length] = 0x80;
  const view = new DataView(bytes.buffer);
  view.setUint32(bytes.length - 4, message.length * 8);
  return view;
}

/** FIPS 180-4, 6.1.2. */
function compress(state: Int32Array): void {
  for (let at = 16; at < 80; at++) {
    const mixed = wordAt(schedule, at - 3) ^ wordAt(schedule, at - 8) ^ wordAt(schedule, at - 14);
    schedule[at] = rotate(mixed ^ wordAt(schedule, at - 16), 1);
  }
  let a = wordAt(state, 0);
  let b = wordAt(state, 1);
  let c = wordAt(state, 2);
  let d = wordAt(state, 3);
  let e = wordAt(state, 4);
  for (let at = 0; at < 80; at++) {
    const next = (rotate(a, 5) + mix(at, b, c, d) + e + wordAt(schedule, at)) | 0;
    e = d;
    d = c;
    c = rotate(b, 30);
    b = a;
    a = next;
  }
  for (const [index, word] of [a, b, c, d, e].entries()) state[index] = wordAt(state, index) + word;
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
