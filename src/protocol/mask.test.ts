import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { keyBehind, mask } from "./mask.js";

const KEY = [0x37, 0xfa, 0x21, 0xbd] as const;
const KEY_NUMBER = 0xbd21fa37 | 0;
const LENGTH_MAX = 70;

/** RFC 6455, 5.3, as it is written there. */
function masked(bytes: Uint8Array, key: readonly number[]): Uint8Array {
  return bytes.map((byte, index) => byte ^ (key[index % 4] ?? 0));
}

/** Bytes in a row from `alignment` on in memory of their own. */
function bytesAt(alignment: number, length: number): Uint8Array {
  const memory = new Uint8Array(alignment + length).map((_, index) => index * 31 + 7);
  return memory.subarray(alignment);
}

describe("masking", () => {
  it("goes on in another view of the same memory, and in the same view elsewhere", () => {
    const memory = new Uint8Array(100);
    const [whole, behind] = [memory.subarray(0), memory.subarray(3)];
    mask(whole, 1, 40, 0x04030201);
    mask(behind, 50, 90, 0x04030201);
    mask(whole, 41, 43, 0x04030201);
    const masked = (from: number, to: number) => Array.from({ length: to - from }, (_, index) => 1 + (index & 3));
    const none = (count: number) => Array.from({ length: count }, () => 0);
    expect(Array.from(memory)).toEqual([
      ...none(1),
      ...masked(1, 40),
      ...none(1),
      ...masked(41, 43),
      ...none(10),
      ...masked(53, 93),
      ...none(7),
    ]);
  });

  it("gives the masked Hello of RFC 6455, 5.7", () => {
    const bytes = new TextEncoder().encode("Hello");
    mask(bytes, 0, bytes.length, 0x3d21fa37);
    expect(Array.from(bytes)).toEqual([0x7f, 0x9f, 0x4d, 0x51, 0x58]);
  });

  it.each([0, 1, 2, 3])("is by words what it is by bytes, at alignment %i, in every length and phase", (alignment) => {
    for (let phase = 0; phase < 4; phase++) {
      for (let length = 0; length <= LENGTH_MAX; length++) {
        // A view, and not the start of its buffer: alignment counts from the buffer.
        const memory = bytesAt(alignment, phase + length + 2);
        const expected = Uint8Array.from(memory);
        expected.set(masked(memory.subarray(0, phase + length), KEY));
        mask(memory, 0, phase, KEY_NUMBER);
        mask(memory, phase, phase + length, keyBehind(KEY_NUMBER, phase));
        // The two bytes behind are as they were.
        expect(Buffer.compare(memory, expected), `phase ${phase}, length ${length}`).toBe(0);
      }
    }
  });

  it("is the same however the payload is split, and undoes itself", () => {
    const pieces = fc.array(fc.uint8Array({ maxLength: 150 }), { maxLength: 6 });
    fc.assert(
      fc.property(pieces, fc.integer(), fc.nat({ max: 3 }), (parts, key, alignment) => {
        const whole = Uint8Array.from(parts.flatMap((part) => Array.from(part)));
        const bytes = bytesAt(alignment, whole.length);
        bytes.set(whole);
        const applyInParts = (): void => {
          let at = 0;
          for (const { length } of parts) mask(bytes, at, (at += length), keyBehind(key, at - length));
        };
        applyInParts();
        const keyBytes = [key & 0xff, (key >>> 8) & 0xff, (key >>> 16) & 0xff, key >>> 24];
        expect(Array.from(bytes)).toEqual(Array.from(masked(whole, keyBytes)));
        applyInParts();
        expect(Array.from(bytes)).toEqual(Array.from(whole));
      }),
    );
  });
});
