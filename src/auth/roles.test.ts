import { describe, expect, it } from "vitest";
import { isAllowed } from "./roles.js";

const withRoles = (...roles: string[]) => ({ id: "ada", roles, claims: {}, expiresAtMs: undefined });

describe("roles", () => {
  it("allow who has one of them", () => {
    expect(isAllowed(withRoles("guest", "member"), ["admin", "member"])).toBe(true);
  });

  it("allow nobody else, and nobody at all where nothing is said", () => {
    expect(isAllowed(withRoles("guest"), ["admin", "member"])).toBe(false);
    expect(isAllowed(withRoles(), ["member"])).toBe(false);
    expect(isAllowed(withRoles("member"), [])).toBe(false);
    expect(isAllowed(withRoles("member"), undefined)).toBe(false);
  });
});
