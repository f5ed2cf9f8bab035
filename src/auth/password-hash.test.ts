import { describe, expect, it } from "vitest";
import { formatPasswordHash, parsePasswordHash } from "./password-hash.js";

const salt = Uint8Array.from({ length: 16 }, (_, index) => index * 15);
const hash = Uint8Array.from({ length: 32 }, (_, index) => 255 - index);
const text = "$scrypt$ln=14,r=8,p=1$AA8eLTxLWml4h5altMPS4Q$//79/Pv6+fj39vX08/Lx8O/u7ezr6uno5+bl5OPi4eA";

describe("a password's hash", () => {
  it("is written as other programs write it, and read again", () => {
    expect(formatPasswordHash({ ln: 14, r: 8, p: 1, salt, hash })).toBe(text);
    expect(parsePasswordHash(text)).toEqual({ ln: 14, r: 8, p: 1, salt, hash });
  });

  it.each([
    ["nothing", ""],
    ["a password", "secret"],
    ["a hash of another kind", text.replace("scrypt", "argon2id")],
    ["a text before it", ` ${text}`],
    ["a text behind it", `${text}\n`],
    ["no rounds", text.replace("ln=14", "ln=0")],
    ["no blocks", text.replace("r=8", "r=0")],
    ["no lanes", text.replace("p=1", "p=0")],
    ["more memory than may be", text.replace("ln=14", "ln=17")],
    ["more work than may be", text.replace("p=1", "p=99")],
    ["a number that is too long", text.replace("ln=14", "ln=140")],
    ["a salt that is no base64", text.replace("$AA8e", "$A8e")],
    ["a salt that is too short", text.replace("AA8eLTxLWml4h5altMPS4Q", "AA8eLTxL")],
    ["a salt that is too long", text.replace("AA8eLTxLWml4h5altMPS4Q", "A".repeat(88))],
    ["a hash that is no base64", text.replace("$//79", "$/79")],
    ["a hash that is too short", text.replace(/[^$]*$/, "AA8eLTxLWml4h5altMPS4Q")],
    ["a hash that is too long", text.replace(/[^$]*$/, "A".repeat(88))],
  ])("is not %s", (_what, other) => {
    expect(parsePasswordHash(other)).toBeUndefined();
  });
});
