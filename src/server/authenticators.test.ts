import { describe, expect, it } from "vitest";
import { request } from "../../test/support/session-world.js";
import { hmac, nowSeconds, randomSecret, tokenOf } from "../../test/support/signed-tokens.js";
import { bearer, cookie, custom } from "./authenticators.js";

describe("the authenticators of a server", () => {
  it("check tokens by the machine's clock and with real signatures", async () => {
    const secret = randomSecret();
    const authenticate = bearer({ alg: "HS256", secret });
    const show = (exp: number, signer = hmac(secret)) => {
      const token = tokenOf({ alg: "HS256" }, { sub: "ada", exp }, signer);
      return authenticate({ ...request, credentials: { scheme: "bearer", token } });
    };
    expect(await show(nowSeconds() + 60)).toMatchObject({ id: "ada" });
    expect(await show(nowSeconds() - 1)).toBeUndefined();
    expect(await show(nowSeconds() + 60, hmac("x"))).toBeUndefined();
  });

  it("ask the application's functions within a deadline", async () => {
    const hang = () => new Promise<never>(() => {});
    const late = expect.objectContaining({ code: "auth/no-answer" });
    await expect(custom(hang, { deadlineMs: 1 })(request)).rejects.toThrow(late);
    const authenticate = cookie({ name: "session", verify: hang, deadlineMs: 1 });
    await expect(authenticate({ ...request, cookies: new Map([["session", "s"]]) })).rejects.toThrow(late);
    expect(await custom(() => ({ id: "ada" }))(request)).toMatchObject({ id: "ada" });
  });
});
