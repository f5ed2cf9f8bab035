import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decodeBase64, encodeBase64 } from "./base64.js";

const ascii = (text: string): Uint8Array => new TextEncoder().encode(text);

describe("base64", () => {
  // RFC 4648, 10.
  it.each([
    ["", ""],
    ["f", "Zg=="],
    ["fo", "Zm8="],
    ["foo", "Zm9v"],
    ["foob", "Zm9vYg=="],
    ["fooba", "Zm9vYmE="],
    ["foobar", "Zm9vYmFy"],
  ])("writes %j as %j, and reads it back", (text, encoded) => {
    expect(encodeBase64(ascii(text))).toBe(encoded);
    expect(decodeBase64(encoded)).toEqual(ascii(text));
  });

  it("says the same of all bytes as another implementation", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
        expect(encodeBase64(bytes)).toBe(Buffer.from(bytes).toString("base64"));
        expect(decodeBase64(encodeBase64(bytes))).toEqual(bytes);
      }),
    );
  });

  it.each([
    ["too short", "Zg="],
    ["without padding", "Zg"],
    ["nothing but padding", "===="],
    ["three signs of padding", "Z==="],
    ["padding in the middle", "Zg==Zg=="],
    ["padding before the last digit", "Zg=v"],
    ["unused bits that are set behind one byte", "Zh=="],
    ["unused bits that are set behind two bytes", "Zm9="],
    ["a blank", "Zm9 "],
    ["a line end", "Zg==\r\n\r\n"],
    ["the alphabet for URLs", "-_-_"],
    ["another letter", "Zm9é"],
  ])("does not read text with %s", (_, text) => {
    expect(decodeBase64(text)).toBeUndefined();
  });

  it("reads no text but the one that the bytes are written as", () => {
    const digits = fc.constantFrom(...Array.from("AZaz09+/=Bg"));
    fc.assert(
      fc.property(fc.string({ unit: digits, maxLength: 12 }), (text) => {
        const bytes = decodeBase64(text);
        const isCanonical = Buffer.from(text, "base64").toString("base64") === text;
        expect(bytes && encodeBase64(bytes)).toBe(isCanonical ? text : undefined);
      }),
    );
  });
});
