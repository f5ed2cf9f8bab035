import { describe, expect, it } from "vitest";
import { digestName } from "./digest-name.js";

describe("a name made of a text's digest", () => {
  it("is the beginning of the text's SHA-1, in hexadecimal digits", () => {
    // FIPS 180 has this digest of "abc" as its first example.
    expect(digestName("abc", 20)).toBe("a9993e364706816aba3e25717850c26c9cd0d89d");
    expect(digestName("abc", 4)).toBe("a9993e36");
  });

  it("is of the text's UTF-8", () => {
    expect(digestName("ü", 4)).not.toBe(digestName("u", 4));
  });
});
