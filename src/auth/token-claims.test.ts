import { describe, expect, it } from "vitest";
import { faultOfParties, faultOfTime, principalOf } from "./token-claims.js";

const now = 1_800_000_000;
const rules = { nowMs: now * 1000, clockSkewMs: 30_000, allowEndless: false };

describe("a token's time", () => {
  it.each([
    [{ exp: now + 1 }, undefined],
    [{ exp: now + 0.001 }, undefined],
    [{ exp: now + 1, nbf: now + 30, iat: now + 30 }, undefined],
    [{ exp: now }, "token/expired"],
    [{ exp: now - 1 }, "token/expired"],
    [{ exp: 0 }, "token/expired"],
    [{}, "token/endless"],
    [{ exp: -1 }, "token/claims"],
    [{ exp: String(now + 1) }, "token/claims"],
    [{ exp: Number.NaN }, "token/claims"],
    [{ exp: Infinity }, "token/claims"],
    [{ exp: 8_640_000_000_001 }, "token/claims"],
    [{ exp: null }, "token/claims"],
    [{ exp: now + 1, nbf: "0" }, "token/claims"],
    [{ exp: now + 1, iat: null }, "token/claims"],
    [{ exp: now + 1, nbf: now + 31 }, "token/not-yet-valid"],
    [{ exp: now + 1, iat: now + 31 }, "token/issued-later"],
  ])("of %j is judged %s", (claims, fault) => {
    expect(faultOfTime(claims, rules)).toBe(fault);
  });

  it("may have no end where that is said, and is judged by the one it has", () => {
    expect(faultOfTime({}, { ...rules, allowEndless: true })).toBeUndefined();
    expect(faultOfTime({ exp: now - 1 }, { ...rules, allowEndless: true })).toBe("token/expired");
  });

  it("is not read from what the claims inherit", () => {
    expect(faultOfTime(Object.create({ exp: now + 1 }), rules)).toBe("token/endless");
  });
});

describe("a token's parties", () => {
  const parties = { issuer: "i", audience: ["a", "b"] };
  it.each([
    [{ iss: "i", aud: "b" }, undefined],
    [{ iss: "i", aud: ["x", "a"] }, undefined],
    [{ iss: "I", aud: "a" }, "token/issuer"],
    [{ iss: ["i"], aud: "a" }, "token/issuer"],
    [{ aud: "a" }, "token/issuer"],
    [{ iss: "i" }, "token/audience"],
    [{ iss: "i", aud: "ab" }, "token/audience"],
    [{ iss: "i", aud: [] }, "token/audience"],
    [{ iss: "i", aud: ["a", 1] }, "token/claims"],
    [{ iss: "i", aud: { a: 1 } }, "token/claims"],
  ])("of %j are judged %s", (claims, fault) => {
    expect(faultOfParties(claims, parties)).toBe(fault);
  });

  it("are anybody and nobody in particular where nothing is expected", () => {
    const nothing = { issuer: undefined, audience: [] };
    expect(faultOfParties({ iss: "x" }, nothing)).toBeUndefined();
    expect(faultOfParties({ aud: "x" }, nothing)).toBe("token/audience");
  });
});

describe("a token's principal", () => {
  const byName = { id: "sub", roles: "roles" };
  it.each([
    [{ sub: "ada" }, []],
    [{ sub: "ada", roles: ["a", "b"] }, ["a", "b"]],
    [{ sub: "ada", roles: "a  b" }, ["a", "b"]],
    [{ sub: "ada", roles: "" }, []],
  ])("of %j has the roles %j", (claims, roles) => {
    expect(principalOf(claims, byName)).toEqual({ id: "ada", roles, claims, expiresAtMs: undefined });
  });

  it("ends with the token", () => {
    expect(principalOf({ sub: "ada", exp: 5 }, byName)).toMatchObject({ expiresAtMs: 5000 });
  });

  it.each([
    [{}, "token/subject"],
    [{ sub: "" }, "token/subject"],
    [{ sub: 1 }, "token/subject"],
    [{ sub: "a".repeat(256) }, "token/subject"],
    [{ sub: "ada", roles: null }, "token/roles"],
    [{ sub: "ada", roles: ["a", 1] }, "token/roles"],
    [{ sub: "ada", roles: { a: true } }, "token/roles"],
  ])("is none in %j: %s", (claims, fault) => {
    expect(principalOf(claims, byName)).toBe(fault);
  });

  it("comes from other claims, and from functions of them", () => {
    const claims = { uid: "ada", realm: { roles: ["a"] }, scope: "x y" };
    expect(principalOf(claims, { id: "uid", roles: "scope" })).toMatchObject({ id: "ada", roles: ["x", "y"] });
    const roles = (): unknown => claims.realm.roles;
    expect(principalOf(claims, { id: ({ uid }) => `u/${String(uid)}`, roles })).toMatchObject({
      id: "u/ada",
      roles: ["a"],
    });
    expect(principalOf({ sub: "ada" }, { id: "sub", roles: "toString" })).toMatchObject({ roles: [] });
  });
});
