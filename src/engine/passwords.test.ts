import { describe, expect, it } from "vitest";
import type { AuthenticationRequest } from "../auth/authenticator.js";
import { basic, hashPassword, verifyPassword } from "./passwords.js";

const login = (username: string, password: string): AuthenticationRequest => ({
  url: "/",
  path: "/",
  headers: { get: () => undefined },
  cookies: new Map(),
  remoteAddress: "127.0.0.1",
  credentials: { scheme: "basic", username, password },
});

describe("passwords", () => {
  it("are hashed for a table of users, whom they let in", async () => {
    const passwordHash = await hashPassword("difference engine");
    expect(passwordHash).toMatch(/^\$scrypt\$ln=15,r=8,p=3\$/);
    const authenticate = basic({ ada: { passwordHash, roles: ["member"] } });
    expect(await authenticate(login("ada", "difference engine"))).toMatchObject({ id: "ada", roles: ["member"] });
    expect(await authenticate(login("ada", "analytical engine"))).toBeUndefined();
    expect(await authenticate(login("eve", "difference engine"))).toBeUndefined();
  });

  it("are verified, also where there is nothing to verify them with", async () => {
    const passwordHash = await hashPassword("difference engine");
    expect(await verifyPassword("difference engine", passwordHash)).toBe(true);
    expect(await verifyPassword("analytical engine", passwordHash)).toBe(false);
    expect(await verifyPassword("difference engine", undefined)).toBe(false);
  });
});
