import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isFieldValue, isToken, tokenLength, trimBlanks } from "./header-syntax.js";

const everyByte = Array.from({ length: 256 }, (_, code) => String.fromCharCode(code));

describe("a token", () => {
  it("is made of the RFC's characters and of no others", () => {
    const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
    const allowed = new Set(`!#$%&'*+-.^_\`|~0123456789${letters}${letters.toLowerCase()}`);
    for (const character of everyByte) expect(isToken(`a${character}`)).toBe(allowed.has(character));
  });

  it.each(["", "a\n", "\na", "ſ", "İ"])("is not %j", (text) => {
    expect(isToken(text)).toBe(false);
  });
});

describe("the length of a token", () => {
  it.each([
    ["abc;d", 0, 3],
    ["abc;d", 1, 2],
    ["abc;d", 3, 0],
    ["abc;d", 4, 1],
    ["abc;d", 5, 0],
    ["", 0, 0],
    ["a\nb", 2, 1],
  ])("in %j from %i is %i", (text, at, length) => {
    expect(tokenLength(text, at)).toBe(length);
  });
});

describe("a field's value", () => {
  it("has no control character but the tab", () => {
    for (const character of everyByte) {
      const isControl = (character < " " && character !== "\t") || character === "\u007f";
      expect(isFieldValue(`a${character}`)).toBe(!isControl);
    }
  });

  it("has one byte for each character, and can be empty", () => {
    expect(isFieldValue("")).toBe(true);
    expect(isFieldValue("\u0100")).toBe(false);
    expect(isFieldValue("a\n")).toBe(false);
  });
});

describe("trimming", () => {
  it("takes blanks and tabs off both ends, and nothing else", () => {
    const parts = fc.string({ unit: fc.constantFrom(" ", "\t", "a", "\u00a0") });
    fc.assert(
      fc.property(parts, (text) => {
        expect(trimBlanks(text)).toBe(text.replace(/^[ \t]+/, "").replace(/[ \t]+$/, ""));
      }),
    );
  });
});
