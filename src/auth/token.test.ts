import { describe, expect, it } from "vitest";
import { encoded, tokenOf, type Part } from "../../test/support/signed-tokens.js";
import { readToken } from "./token.js";

const tokenWith = (header: Part, payload: Part = {}): string => tokenOf(header, payload, () => Buffer.from("x"));

describe("a token", () => {
  it("says its algorithm, its key and its claims", () => {
    const text = tokenWith({ alg: "ES256", kid: "k", typ: "at+JWT", jku: "https://x", jwk: {} }, { sub: "ada" });
    expect(readToken(text)).toEqual({ alg: "ES256", kid: "k", claims: { sub: "ada" } });
    expect(readToken(tokenWith({ alg: "x" }))).toEqual({ alg: "x", kid: undefined, claims: {} });
  });

  it.each([
    [{}],
    [{ alg: 1 }],
    [{ alg: "x", kid: 1 }],
    [{ alg: "x", kid: "k".repeat(256) }],
    [{ alg: "x", typ: "logout+jwt" }],
    [{ alg: "x", typ: 1 }],
    [{ alg: "x", crit: [] }],
    [{ alg: "x", b64: true }],
    [{ alg: "x", enc: "" }],
    [{ alg: "x", zip: "DEF" }],
    [{ alg: "x", cty: "JWT" }],
  ])("is not taken with the header %j", (header) => {
    expect(readToken(tokenWith(header))).toBe("token/header");
  });

  const head = encoded({ alg: "x" });
  it.each([
    "",
    "..",
    head,
    `${head}.e30`,
    `${head}.e30.`,
    `${head}..eA`,
    `.e30.eA`,
    `${head}.e30.eA.eA`,
    `${head}.e30.eB`,
    `${head}.e30.e`,
    `${head}.e30.eA==`,
    `${head}.e30.+A`,
    `${head}. e30.eA`,
    tokenWith([1].toString()),
    tokenWith({ alg: "x" }, "[]"),
    tokenWith({ alg: "x" }, Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d])),
    tokenWith({ alg: "x" }, '{"sub":"a","sub":"b"}'),
  ])("is not taken as %j", (text) => {
    expect(readToken(text)).toBe("token/malformed");
  });

  it("is taken with a signature of every length that base64url has", () => {
    for (const length of [1, 2, 3, 64]) {
      const text = tokenOf({ alg: "x" }, {}, () => Buffer.alloc(length, 0xfb));
      expect(readToken(text)).toMatchObject({ alg: "x" });
    }
  });
});
