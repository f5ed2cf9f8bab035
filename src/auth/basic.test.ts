import { describe, expect, it } from "vitest";
import type { AuthenticationRequest, Authenticator, Credentials } from "./authenticator.js";
import { silentLogger } from "../kernel/logger.js";
import { VirtualClock } from "../testing/virtual-clock.js";
import { basicWith, type BasicOptions, type BasicUsers, type HashedUser } from "./basic.js";
import type { PasswordHashing } from "./password-ports.js";
import { Passwords } from "./passwords.js";

/** Hashes that cost nothing: all that matters here is which passwords are compared with which hashes. */
const hashing: PasswordHashing = {
  scrypt: ({ length, password, salt }) =>
    Promise.resolve(Uint8Array.from({ length }, (_, index) => (password.charCodeAt(index) || 0) ^ (salt[0] ?? 0))),
  fill: (target) => void target.fill(7),
  seal: (text) => text,
};
const passwords = new Passwords({ hashing, clock: new VirtualClock() });
const basic = (users: BasicUsers, options?: BasicOptions): Authenticator => basicWith(passwords, users, options);

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

  describe("with hashes", () => {
    const member = async (password: string): Promise<HashedUser> => ({
      passwordHash: await passwords.hash(password),
      roles: ["member"],
    });

    it("recognises who gives the password that was hashed", async () => {
      const authenticate = basic({ ada: await member("secret"), bob: { password: "hush", roles: [] } });
      const ada = { id: "ada", roles: ["member"], claims: {}, expiresAtMs: undefined };
      await expect(authenticate(login("ada", "secret"))).resolves.toEqual(ada);
      await expect(authenticate(login("ada", "hush"))).resolves.toBeUndefined();
      expect(authenticate(login("bob", "hush"))).toMatchObject({ id: "bob" });
      expect(authenticate.traits).toEqual({ hasPlainPasswords: true });
    });

    it("hashes what somebody shows who is not there", async () => {
      const authenticate = basic({ ada: await member("secret") });
      expect(authenticate.traits).toEqual({ hasPlainPasswords: false });
      await expect(authenticate(login("eve", "secret"))).resolves.toBeUndefined();
    });

    it("refuses a user whose hash is none", () => {
      const isRefused = expect.objectContaining({ code: "auth/invalid-hash" });
      expect(() => basic({ eve: { passwordHash: "secret", roles: [] } })).toThrow(isRefused);
    });
  });

  describe("with users from elsewhere", () => {
    it("recognises those who are there now, with the roles that they have now", async () => {
      const users = new Map([
        ["ada", { passwordHash: await passwords.hash("secret"), roles: ["member"], claims: { team: 1 } }],
      ]);
      const watches: unknown[] = [];
      const authenticate = basic({
        find: (username) => users.get(username),
        watch: (watch) => () => void watches.push(watch),
      });
      const ada = { id: "ada", roles: ["member"], claims: { team: 1 }, expiresAtMs: undefined };
      await expect(authenticate(login("ada", "secret"))).resolves.toEqual(ada);
      await expect(authenticate(login("ada", "hush"))).resolves.toBeUndefined();
      await expect(authenticate(login("eve", ""))).resolves.toBeUndefined();
      const watch = { onChanged: () => undefined, logger: silentLogger };
      authenticate.watch?.(watch)();
      expect(watches).toEqual([watch]);
    });

    it("does not let in whose password has changed, or who has gone, while it was compared", async () => {
      const users = new Map([["ada", { passwordHash: await passwords.hash("secret"), roles: ["member"] }]]);
      const authenticate = basic({ find: (username) => users.get(username), watch: () => () => undefined });
      const passwordHash = await passwords.hash("hush");
      const recognised = authenticate(login("ada", "secret"));
      users.set("ada", { passwordHash, roles: [] });
      await expect(recognised).resolves.toBeUndefined();
      const again = authenticate(login("ada", "hush"));
      users.delete("ada");
      await expect(again).resolves.toBeUndefined();
    });
  });
});
