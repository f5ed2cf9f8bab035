import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { portableTextCodec } from "../kernel/text-codec.js";
import { Utf8Validator } from "./utf8.js";

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true });

/** Independent of the source: what the Encoding standard says of the whole. */
function isWellFormed(bytes: Uint8Array): boolean {
  try {
    decoder.decode(bytes);
    return true;
  } catch {
    return false;
  }
}

/** Whether the bytes are well-formed, pushed in pieces that end at `cuts`. */
function isValid(bytes: Uint8Array, cuts: readonly number[] = []): boolean {
  const validator = new Utf8Validator(portableTextCodec);
  const ends = [...cuts.map((cut) => cut % (bytes.length + 1)).toSorted((a, b) => a - b), bytes.length];
  let at = 0;
  for (const end of ends) {
    if (!validator.push(bytes, at, end)) return false;
    at = end;
  }
  return validator.isComplete;
}

/** The index of the first byte that is refused; -1 when none is. */
function firstBadByte(bytes: Uint8Array): number {
  const validator = new Utf8Validator(portableTextCodec);
  for (let at = 0; at < bytes.length; at++) if (!validator.push(bytes, at, at + 1)) return at;
  return -1;
}

/** Bytes that are well-formed for the most part, and broken in places. */
const nearlyText = fc
  .array(
    fc.oneof(
      { weight: 6, arbitrary: fc.string({ unit: "binary", maxLength: 40 }).map((text) => encoder.encode(text)) },
      { weight: 1, arbitrary: fc.uint8Array({ maxLength: 3 }) },
    ),
    { maxLength: 8 },
  )
  .map((parts) => Uint8Array.from(parts.flatMap((part) => Array.from(part))));

describe("checking UTF-8", () => {
  // Unicode 15, table 3-7: at the ends of each row, and one byte beyond them.
  it.each([
    ["7f", -1],
    ["80", 0],
    ["bf", 0],
    ["c1 80", 0],
    ["c2 80", -1],
    ["c2 7f", 1],
    ["df bf", -1],
    ["df c0", 1],
    ["e0 9f bf", 1],
    ["e0 a0 80", -1],
    ["ec bf bf", -1],
    ["ed 9f bf", -1],
    ["ed a0 80", 1],
    ["ef bf bf", -1],
    ["ef bf c0", 2],
    ["f0 8f bf bf", 1],
    ["f0 90 80 80", -1],
    ["f0 90 80 7f", 3],
    ["f3 bf bf bf", -1],
    ["f4 8f bf bf", -1],
    ["f4 90 80 80", 1],
    ["f5 80 80 80", 0],
    ["ff", 0],
    ["c2 80 80", 2],
  ])("%s is bad from byte %i on", (hex, bad) => {
    const bytes = Uint8Array.from(Buffer.from(hex.replaceAll(" ", ""), "hex"));
    expect(firstBadByte(bytes)).toBe(bad);
    // The same in the middle of pieces that are long enough for the codec.
    const padded = Uint8Array.from([...Array(100).fill(0x61), ...bytes, ...Array(100).fill(0x62)]);
    for (let cut = 98; cut <= 106; cut++) expect(isValid(padded, [cut])).toBe(bad < 0);
  });

  it("is complete between characters alone", () => {
    const validator = new Utf8Validator(portableTextCodec);
    const completes = Array.from(encoder.encode("a€"), (byte) => {
      expect(validator.push(Uint8Array.of(byte), 0, 1)).toBe(true);
      return validator.isComplete;
    });
    expect(completes).toEqual([true, false, false, true]);
    expect(validator.push(Uint8Array.of(0xed), 0, 1)).toBe(true);
    validator.reset();
    expect(validator.isComplete).toBe(true);
    // Nothing of the character that was begun is left: neither its length nor its narrowed range.
    expect(validator.push(encoder.encode("\uE000"), 0, 3)).toBe(true);
  });

  it("agrees with the Encoding standard on any bytes, however they are split", () => {
    const cuts = fc.array(fc.nat(), { maxLength: 5 });
    fc.assert(
      fc.property(fc.oneof(nearlyText, fc.uint8Array({ maxLength: 8 })), cuts, (bytes, places) => {
        expect(isValid(bytes, places)).toBe(isWellFormed(bytes));
      }),
      { numRuns: 1000 },
    );
  });

  it("takes text of every length in long pieces", () => {
    const text = fc.string({ unit: "binary", minLength: 60, maxLength: 300 });
    fc.assert(
      fc.property(text, fc.array(fc.nat(), { maxLength: 3 }), (characters, cuts) => {
        expect(isValid(encoder.encode(characters), cuts)).toBe(true);
      }),
    );
  });

  it("refuses a long piece that is nothing but continuation bytes, and one that ends with them", () => {
    expect(isValid(new Uint8Array(100).fill(0x80))).toBe(false);
    const ending = new Uint8Array(100).fill(0x61).fill(0x80, 95);
    expect(isValid(ending)).toBe(false);
  });
});
