/** SHA-1 (FIPS 180-4, 6.1). Broken for signatures; RFC 6455 uses it as a proof of having read the request, no more. */
export function sha1(message: Uint8Array): Uint8Array {
  const blocks = padded(message);
  const state = new Uint32Array([0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0]);
  const words = new Uint32Array(80);
  for (let at = 0; at < blocks.byteLength; at += 64) {
    for (let index = 0; index < 16; index++) words[index] = blocks.getUint32(at + index * 4);
    compress(state, words);
  }
  const digest = new DataView(new ArrayBuffer(20));
  state.forEach((word, index) => digest.setUint32(index * 4, word));
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

function compress(state: Uint32Array, words: Uint32Array): void {
  for (let index = 16; index < 80; index++) {
    words[index] = rotate(
      word(words, index - 3) ^ word(words, index - 8) ^ word(words, index - 14) ^ word(words, index - 16),
      1,
    );
  }
  let [a = 0, b = 0, c = 0, d = 0, e = 0] = state;
  for (let index = 0; index < 80; index++) {
    const next = (rotate(a, 5) + round(index, b, c, d) + e + word(words, index)) | 0;
    e = d;
    d = c;
    c = rotate(b, 30);
    b = a;
    a = next;
  }
  [a, b, c, d, e].forEach((value, index) => (state[index] = word(state, index) + value));
}

/** The function of a round together with its constant. */
function round(index: number, b: number, c: number, d: number): number {
  if (index < 20) return ((b & c) | (~b & d)) + 0x5a827999;
  if (index < 40) return (b ^ c ^ d) + 0x6ed9eba1;
  if (index < 60) return ((b & c) | (b & d) | (c & d)) + 0x8f1bbcdc;
  return (b ^ c ^ d) + 0xca62c1d6;
}

function rotate(value: number, bits: number): number {
  return (value << bits) | (value >>> (32 - bits));
}

function word(words: Uint32Array, index: number): number {
  return words[index] ?? 0;
}
