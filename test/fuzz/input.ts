/** Inputs for fuzzing: frames that are right, and what becomes of them when somebody meddles. */
import type { SeededRandom } from "../../src/testing/seeded-random.js";

const OPCODES = [0, 0, 1, 1, 1, 2, 2, 8, 9, 10];
const LENGTHS = [0, 1, 2, 3, 5, 8, 20, 125, 126, 130];
const TEXTS = ["", "a", "é", "κόσμε", "𝄞", "\uFFFD", "\uFEFFx"].map((text) => Buffer.from(text));

/** Make the next input: up to four frames of a peer, three times in four with something changed. */
export function nextInput(random: SeededRandom, isMasked: boolean): Buffer {
  const frames = Array.from({ length: random.integer(1, 4) }, () => frame(random, isMasked));
  const input = Buffer.concat(frames);
  const changes = random.integer(0, 3);
  let mutated: Buffer = input;
  for (let change = 0; change < changes; change++) mutated = mutate(mutated, random);
  return mutated;
}

function pick<Item>(random: SeededRandom, items: readonly Item[]): Item {
  const item = items[random.integer(0, items.length - 1)];
  if (item === undefined) throw new RangeError("there is nothing to pick from");
  return item;
}

function frame(random: SeededRandom, isMasked: boolean): Buffer {
  const opcode = pick(random, OPCODES);
  const body = payload(random, opcode);
  const isLong = body.length > 125;
  const head = Buffer.alloc(isLong ? 4 : 2);
  const isFinal = opcode >= 8 || random.integer(0, 3) > 0;
  head[0] = (isFinal ? 0x80 : 0) | opcode;
  head[1] = (isMasked ? 0x80 : 0) | (isLong ? 126 : body.length);
  if (isLong) head.writeUInt16BE(body.length, 2);
  if (!isMasked) return Buffer.concat([head, body]);
  const key = Buffer.alloc(4);
  random.fill(key);
  return Buffer.concat([head, key, body.map((byte, index) => byte ^ (key[index % 4] ?? 0))]);
}

function payload(random: SeededRandom, opcode: number): Buffer {
  if (opcode === 8) {
    if (random.integer(0, 3) === 0) return Buffer.alloc(0);
    const code = Buffer.alloc(2);
    code.writeUInt16BE(pick(random, [1000, 1001, 1005, 1011, 1015, 2999, 3000, 4999, random.integer(0, 65_535)]));
    return Buffer.concat([code, pick(random, TEXTS)]);
  }
  if (opcode < 2) return Buffer.concat(Array.from({ length: random.integer(0, 4) }, () => pick(random, TEXTS)));
  const bytes = Buffer.alloc(Math.min(pick(random, LENGTHS), opcode > 8 ? 125 : 130));
  random.fill(bytes);
  return bytes;
}

/** Change one thing. */
export function mutate(input: Buffer, random: SeededRandom): Buffer {
  const at = random.integer(0, Math.max(0, input.length - 1));
  switch (random.integer(0, 6)) {
    case 0: {
      const flipped = Buffer.from(input);
      flipped[at] = (flipped[at] ?? 0) ^ (1 << random.integer(0, 7));
      return flipped;
    }
    case 1:
      return input.subarray(0, at);
    case 2: {
      const noise = Buffer.alloc(random.integer(1, 12));
      random.fill(noise);
      return Buffer.concat([input.subarray(0, at), noise, input.subarray(at)]);
    }
    case 3:
      return Buffer.concat([input.subarray(0, at), input.subarray(random.integer(at, input.length))]);
    case 4:
      return Buffer.concat([input, input.subarray(at)]);
    case 5: {
      // Another length: in one byte, in two, in eight.
      const lengthened = Buffer.from(input);
      if (lengthened.length > 1) lengthened[1] = ((lengthened[1] ?? 0) & 0x80) | pick(random, [0, 125, 126, 127]);
      return lengthened;
    }
    default: {
      const headed = Buffer.from(input);
      if (headed.length > 0) headed[0] = random.integer(0, 255);
      return headed;
    }
  }
}
