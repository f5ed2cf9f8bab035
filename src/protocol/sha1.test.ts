import { createHash } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { sha1 } from "./sha1.js";

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");

describe("SHA-1", () => {
  // FIPS 180-2, appendix A, and the empty message.
  it.each([
    ["", "da39a3ee5e6b4b0d3255bfef95601890afd80709"],
    ["abc", "a9993e364706816aba3e25717850c26c9cd0d89d"],
    ["abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", "84983e441c3bd26ebaae4aa1f95129e5e54670f1"],
    ["a".repeat(1_000_000), "34aa973cd4c4daa4f61eeb2bdbad27316534016f"],
  ])("of message %# is the one in the standard", (message, digest) => {
    expect(hex(sha1(new TextEncoder().encode(message)))).toBe(digest);
  });

  it("is right for each length around the ends of blocks", () => {
    for (let length = 0; length <= 130; length++) {
      const message = new Uint8Array(length).fill(0x80 + length);
      expect(hex(sha1(message))).toBe(createHash("sha1").update(message).digest("hex"));
    }
  });

  it("says the same as another implementation", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (message) => {
        expect(hex(sha1(message))).toBe(createHash("sha1").update(message).digest("hex"));
      }),
    );
  });
});
