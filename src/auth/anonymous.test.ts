import { describe, expect, it } from "vitest";
import { request } from "../../test/support/session-world.js";
import { anonymous } from "./anonymous.js";

describe("strangers", () => {
  it("are let in with the roles that are said", () => {
    const guest = { id: "anonymous", roles: ["reader"], claims: {}, expiresAtMs: undefined };
    expect(anonymous({ roles: ["reader"] })(request)).toEqual(guest);
    expect(anonymous({ roles: [], id: "guest" })(request)).toMatchObject({ id: "guest", roles: [] });
    expect(anonymous({ roles: ["reader"] }).traits).toEqual({ anonymousRoles: ["reader"], isHandshakeOnly: true });
  });

  it("are those who show nothing, and not those who show something wrong", () => {
    const authenticate = anonymous({ roles: [] });
    expect(authenticate({ ...request, credentials: { scheme: "bearer", token: "x" } })).toBeUndefined();
    expect(authenticate({ ...request, headers: { get: () => "Digest x" } })).toBeUndefined();
  });

  it("have a name", () => {
    expect(() => anonymous({ roles: [], id: "" })).toThrow(expect.objectContaining({ code: "options/invalid" }));
  });
});
