/** The function and the constant of each 20 rounds (FIPS 180-4, 4.1.1 and 4.2.1). */
const rounds = [
  { constant: 0x5a827999, mix: (b: number, c: number, d: number): number => (b & c) | (~b & d) },
  { constant: 0x6ed9eba1, mix: (b: number, c: number, d: number): number => b ^ c ^ d },
  { constant: 0x8f1bbcdc, mix: (b: number, c: number, d: number): number => (b & c) | (b & d) | (c & d) },
  { constant: 0xca62c1d6, mix: (b: number, c: number, d: number): number => b ^ c ^ d },
] as const;

/**
 * SHA-1 (FIPS 180-4, 6.1), of at most 2^29 − 1 bytes.
 *
 * Broken for signatures; RFC 6455 uses it as a proof of having read the request, no more.
 */
export function sha1(message: Uint8Array): Uint8Array {
  const blocks = padded(message);
  const state = new Words(5);
  // FIPS 180-4, 5.3.1.
  for (const [index, value] of [0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0].entries()) {
    state.set(index, value);
  }
  const schedule = new Words(80);
  for (let at = 0; at < blocks.byteLength; at += 64) {
    for (let index = 0; index < 16; index++) schedule.set(index, blocks.getUint32(at + index * 4));
    compress(state, schedule);
  }
  return state.bytes;
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
function compress(state: Words, schedule: Words): void {
  for (let index = 16; index < 80; index++) {
    const mixed =
      schedule.get(index - 3) ^ schedule.get(index - 8) ^ schedule.get(index - 14) ^ schedule.get(index - 16);
    schedule.set(index, rotate(mixed, 1));
  }
  let [a, b, c, d, e] = [state.get(0), state.get(1), state.get(2), state.get(3), state.get(4)];
  for (const [quarter, { constant, mix }] of rounds.entries()) {
    for (let index = quarter * 20; index < quarter * 20 + 20; index++) {
      const next = (rotate(a, 5) + mix(b, c, d) + e + constant + schedule.get(index)) | 0;
      e = d;
      d = c;
      c = rotate(b, 30);
      b = a;
      a = next;
    }
  }
  for (const [index, value] of [a, b, c, d, e].entries()) state.set(index, state.get(index) + value);
}

function rotate(value: number, bits: number): number {
  return (value << bits) | (value >>> (32 - bits));
}

/** Numbers of 32 bits in the order of bytes that the standard has: what is set is taken modulo 2^32. */
class Words {
  readonly #view: DataView;

  constructor(count: number) {
    this.#view = new DataView(new ArrayBuffer(count * 4));
  }

  get bytes(): Uint8Array {
    return new Uint8Array(this.#view.buffer);
  }

  get(index: number): number {
    return this.#view.getUint32(index * 4);
  }

  set(index: number, value: number): void {
    this.#view.setUint32(index * 4, value);
  }
}
