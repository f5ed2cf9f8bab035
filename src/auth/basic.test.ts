import { describe, expect, it } from "vitest";
import type { AuthenticationRequest, Credentials } from "./authenticator.js";
import { basic } from "./basic.js";

const requestWith = (credentials: Credentials | undefined): AuthenticationRequest => ({
  url: "/bus",
  path: "/bus",
  headers: { get: () => undefined },
  cookies: new Map(),
  remoteAddress: "127.0.0.1",
  credentials,
});
const login = (username: string, password: string): AuthenticationRequest =>
  requestWith({ scheme: "basic", username, password });

describe("basic authentication", () => {
  const users = {
    ada: { password: "secret", roles: ["member"], claims: { team: 1 } },
    bob: { password: "hush", roles: [] },
  };

  it("recognises who gives the password", () => {
    const authenticate = basic(users);
    expect(authenticate(login("ada", "secret"))).toEqual({
      id: "ada",
      roles: ["member"],
      claims: { team: 1 },
      expiresAtMs: undefined,
    });
    expect(authenticate(login("bob", "hush"))).toEqual({ id: "bob", roles: [], claims: {}, expiresAtMs: undefined });
  });

  it.each([
    ["ada", "hush"],
    ["ada", ""],
    ["Ada", "secret"],
    ["", ""],
    ["__proto__", "secret"],
    ["constructor", ""],
    ["nobody", "nobody has this password, and it would not help"],
  ])("does not recognise %s with %j", (username, password) => {
    expect(basic(users)(login(username, password))).toBeUndefined();
  });

  it("leaves other credentials to other authenticators", () => {
    expect(basic(users)(requestWith(undefined))).toBeUndefined();
    expect(basic(users)(requestWith({ scheme: "bearer", token: "secret" }))).toBeUndefined();
  });

  it("can ask a function", async () => {
    const ada = { id: "7", roles: [], claims: {}, expiresAtMs: 5 };
    const authenticate = basic(async (username, password) =>
      username === "ada" && password === "secret" ? ada : undefined,
    );
    await expect(authenticate(login("ada", "secret"))).resolves.toBe(ada);
    await expect(authenticate(login("ada", "hush"))).resolves.toBeUndefined();
  });

  it("challenges with its realm", () => {
    expect(basic({}).challenge).toBe('Basic realm="busbar", charset="UTF-8"');
    expect(basic({}, { realm: "the lab" }).challenge).toBe('Basic realm="the lab", charset="UTF-8"');
  });

  it.each(['a"b', "a\\b", "a\r\nb", "ä"])("refuses %j as a realm", (realm) => {
    expect(() => basic({}, { realm })).toThrow(expect.objectContaining({ code: "auth/invalid-realm" }));
  });

  it("refuses a user without a password", () => {
    expect(() => basic({ eve: { password: "", roles: [] } })).toThrow(
      expect.objectContaining({ code: "auth/empty-password" }),
    );
  });
});
