import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isSameSecret } from "./secret.js";

describe("comparing secrets", () => {
  it("is equality, for any two texts", () => {
    const secret = fc.string({ unit: "binary", minLength: 1, maxLength: 9 });
    fc.assert(
      fc.property(secret, fc.string({ unit: "binary", maxLength: 9 }), (a, b) => isSameSecret(a, b) === (a === b)),
    );
    fc.assert(fc.property(secret, (text) => isSameSecret(text, text)));
  });

  it.each([
    ["aa", "a"],
    ["a", "aa"],
    ["abab", "ab"],
    ["ab", "abab"],
    ["a", ""],
  ])("tells %j from its repetition or part %j", (secret, claimed) => {
    expect(isSameSecret(secret, claimed)).toBe(false);
  });
});
