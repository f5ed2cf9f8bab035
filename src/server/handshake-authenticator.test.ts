import { describe, expect, it } from "vitest";
import { principal, request } from "../../test/support/session-world.js";
import { basic } from "../engine/passwords.js";
import { handshakeAuthenticator, nobodyYet } from "./handshake-authenticator.js";

describe("authentication at the handshake", () => {
  const ada = principal("ada");
  const withAuthorization = {
    ...request,
    headers: { get: (name: string) => (name === "authorization" ? "Bearer x" : undefined) },
  };

  it("knows whom the authenticator knows", async () => {
    const authenticate = handshakeAuthenticator(() => ada);
    expect(await authenticate(request)).toBe(ada);
    expect(await authenticate(withAuthorization)).toBe(ada);
  });

  it("lets through who has said nothing, and nobody who has said something wrong", async () => {
    const authenticate = handshakeAuthenticator(() => undefined);
    expect(await authenticate(request)).toBe(nobodyYet);
    expect(await authenticate(withAuthorization)).toBeUndefined();
  });

  it("lets nobody through where the authenticator fails", async () => {
    const authenticate = handshakeAuthenticator(() => Promise.reject(new Error("down")));
    await expect(authenticate(request)).rejects.toThrow("down");
  });

  it("challenges as the authenticator does", () => {
    expect(handshakeAuthenticator(basic({})).challenge).toBe(basic({}).challenge);
    expect(handshakeAuthenticator(() => ada)).not.toHaveProperty("challenge");
  });

  it("gives nobody a role", () => {
    expect(nobodyYet.roles).toEqual([]);
  });

  it("refuses who shows a wrong token in another place, and not who has an old cookie", async () => {
    const refusing = (isAmbient: boolean) =>
      handshakeAuthenticator(({ report }) => {
        report?.({ why: "wrong", isAmbient });
        return undefined;
      });
    expect(await refusing(false)(request)).toBeUndefined();
    expect(await refusing(true)(request)).toBe(nobodyYet);
    const shown = { ...request, credentials: { scheme: "bearer", token: "x" } } as const;
    expect(await handshakeAuthenticator(() => undefined)(shown)).toBeUndefined();
  });

  it("refuses at once where no hello would help", async () => {
    const authenticate = Object.assign(() => undefined, { traits: { isHandshakeOnly: true } });
    expect(await handshakeAuthenticator(authenticate)(request)).toBeUndefined();
  });
});
