import { describe, expect, it } from "vitest";
import { forbidden, noAnswer, principalFrom } from "./recognised.js";

describe("what an application's function recognised", () => {
  it("is nobody, or a principal with what is missing filled in", () => {
    expect(principalFrom(undefined)).toBeUndefined();
    expect(principalFrom(null)).toBeUndefined();
    expect(principalFrom({ id: "ada" })).toEqual({ id: "ada", roles: [], claims: {}, expiresAtMs: undefined });
    const whole = { id: "ada", roles: ["a"], claims: { jti: "t" }, expiresAtMs: 5 };
    expect(principalFrom(whole)).toEqual(whole);
  });

  it.each([
    [true],
    ["ada"],
    [{}],
    [{ id: "" }],
    [{ id: 1 }],
    [{ id: "ada", roles: "admin" }],
    [{ id: "ada", roles: [1] }],
    [{ id: "ada", claims: [] }],
    [{ id: "ada", claims: null }],
    [{ id: "ada", expiresAtMs: "1" }],
    [{ id: "ada", expiresAtMs: Number.NaN }],
  ])("is a mistake where it is %j, and lets nobody in", (value) => {
    expect(() => principalFrom(value)).toThrow(expect.objectContaining({ code: "auth/invalid-principal" }));
  });

  it("is told apart from somebody who may not, and from no answer", () => {
    expect(forbidden("banned")).toMatchObject({ code: "auth/forbidden", message: "banned", retryable: false });
    expect(noAnswer("later", "x")).toMatchObject({ code: "auth/no-answer", cause: "x", retryable: true });
  });
});
