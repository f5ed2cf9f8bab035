import { beforeEach, describe, expect, it } from "vitest";
import { principal, request, SessionWorld } from "../../test/support/session-world.js";
import type { Principal } from "../auth/principal.js";
import { Admission } from "./admission.js";

describe("an admission", () => {
  const hour = 3_600_000;
  let world: SessionWorld;
  let ends: number[];
  beforeEach(() => {
    world = new SessionWorld();
    ends = [];
  });
  const admit = (known?: Principal): Admission =>
    new Admission(world.services, { request, principal: known, onEnd: ({ code }) => void ends.push(code) });
  const until = (ms: number): Principal => ({ ...principal("ada"), expiresAtMs: world.clock.wallTimeMs() + ms });

  it("ends when nobody is known in time", () => {
    admit();
    world.clock.advance(5_000);
    expect(ends).toEqual([4001]);
  });

  it("takes the handshake's principal where hello says nothing, and asks with what it says otherwise", async () => {
    const admission = admit(principal("eve"));
    expect(await admission.identify(undefined)).toMatchObject({ id: "eve" });
    const login = { scheme: "basic", username: "ada", password: "lovelace" } as const;
    expect(await admission.identify(login)).toMatchObject({ id: "ada" });
    expect(await admission.identify({ ...login, password: "x" })).toBeUndefined();
    expect(await admit(until(0)).identify(undefined)).toBeUndefined();
  });

  it("renews the same principal alone", async () => {
    const admission = admit();
    const auth = { scheme: "bearer", token: "x" } as const;
    await expect(admission.renew(auth, principal("ada"))).rejects.toMatchObject({ code: "auth/refused" });
    world.authenticateAs(until(5));
    expect(await admission.renew(auth, principal("ada", "old"))).toEqual(until(5));
    await expect(admission.renew(auth, principal("rob"))).rejects.toMatchObject({ code: "auth/other-principal" });
  });

  it("tells how long it holds", () => {
    expect(admit().expiryOf(principal("ada"))).toEqual({});
    expect(admit().expiryOf(until(1.5))).toEqual({ expiresInMs: 1 });
    expect(admit().expiryOf(until(-1))).toEqual({ expiresInMs: 0 });
  });

  it("ends when the principal held last expires, also beyond a day, and leaves no timer", () => {
    const admission = admit();
    admission.hold(until(hour));
    admission.hold(until(30 * hour));
    world.clock.advance(30 * hour - 1);
    expect(ends).toEqual([]);
    world.clock.advance(1);
    expect(ends).toEqual([4501]);
    expect(world.clock.timerCount).toBe(0);
  });

  it("watches nothing once the session is over", () => {
    const admission = admit();
    admission.hold(until(hour));
    admission.end();
    expect(world.clock.timerCount).toBe(0);
  });
});
