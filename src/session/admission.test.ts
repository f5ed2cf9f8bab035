import { beforeEach, describe, expect, it } from "vitest";
import { linkRequest, principal, SessionWorld } from "../../test/support/session-world.js";
import type { Authenticator } from "../auth/authenticator.js";
import type { Principal } from "../auth/principal.js";
import { forbidden } from "../auth/recognised.js";
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
    new Admission(
      world.services,
      { request: linkRequest, principal: known },
      { close: ({ code }) => void ends.push(code) },
    );
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

  it.each([
    ["an hour before", hour, 30 * hour, 29 * hour],
    ["an hour after", -hour, 30 * hour, 31 * hour],
    ["less than a second before", 900, 10_000, 9_100],
    ["into the future beyond its end", hour, 1_000, 0],
  ])("ends at most a second after the principal's time, when the wall clock is set %s", (_what, jump, lives, left) => {
    const admission = admit();
    admission.hold(until(lives));
    world.clock.jumpWallTime(jump);
    world.clock.advance(Math.max(0, left - 1));
    expect(ends).toEqual([]);
    world.clock.advance(1_000);
    expect(ends).toEqual([4501]);
    expect(world.clock.timerCount).toBe(0);
  });

  it("audits whom it does not let in, and why", async () => {
    const admission = admit(until(0));
    await admission.identify(undefined);
    const auth = { scheme: "bearer", token: "x" } as const;
    await admission.identify(auth);
    world.authenticateAs(principal("rob"));
    await admission.renew(auth, principal("ada")).catch(() => undefined);
    world.revocations.add({ principal: "rob" });
    await admission.renew(auth, principal("rob")).catch(() => undefined);
    const address = "192.0.2.1";
    expect(world.audited).toEqual([
      { kind: "refused", at: "hello", why: "auth/expired", principal: "ada", address },
      { kind: "refused", at: "hello", why: "auth/unknown", address },
      { kind: "refused", at: "refresh", why: "auth/other-principal", principal: "rob", address },
      { kind: "refused", at: "refresh", why: "auth/revoked", principal: "rob", address },
    ]);
  });

  it("audits why an authenticator does not accept what is shown, where it says so", async () => {
    const authenticate: Authenticator = ({ report }) => {
      report?.({ why: "token/expired" });
      return undefined;
    };
    const services = { ...world.services, authenticate };
    const admission = new Admission(
      services,
      { request: linkRequest, principal: undefined },
      { close: () => undefined },
    );
    expect(await admission.identify({ scheme: "bearer", token: "x" })).toBeUndefined();
    expect(world.audited).toMatchObject([{ kind: "refused", at: "hello", why: "token/expired" }]);
  });

  it("lets nobody in who was revoked, also where that was before the handshake's principal said hello", async () => {
    const admission = admit({ ...principal("ada"), claims: { jti: "t1" } });
    world.revocations.add({ token: "t1" });
    expect(await admission.identify(undefined)).toBeUndefined();
    world.authenticateAs({ ...principal("ada"), claims: { jti: "t2" } });
    expect(await admission.identify({ scheme: "bearer", token: "x" })).toMatchObject({ claims: { jti: "t2" } });
  });

  it("audits an authenticator that fails, and keeps what was shown out of the error", async () => {
    const authenticate = () => Promise.reject(new Error("cannot look up hunter22"));
    const services = { ...world.services, authenticate };
    const admission = new Admission(
      services,
      { request: linkRequest, principal: undefined },
      { close: () => undefined },
    );
    const auth = { scheme: "basic", username: "ada", password: "hunter22" } as const;
    await expect(admission.identify(auth)).rejects.toMatchObject({ message: "Error: cannot look up [redacted]" });
    expect(world.audited).toMatchObject([{ kind: "refused", at: "hello", why: "auth/failed" }]);
  });

  it("watches nothing once the session is over", () => {
    const admission = admit();
    admission.hold(until(hour));
    admission.end();
    expect(world.clock.timerCount).toBe(0);
  });

  it("lets nobody in who is known and may not, and tells the log alone why", async () => {
    const authenticate = () => Promise.reject(forbidden("banned"));
    const services = { ...world.services, authenticate };
    const admission = new Admission(
      services,
      { request: linkRequest, principal: undefined },
      { close: () => undefined },
    );
    expect(await admission.identify({ scheme: "bearer", token: "x" })).toBeUndefined();
    expect(world.audited).toMatchObject([{ kind: "refused", at: "hello", why: "auth/forbidden" }]);
    expect(world.lines).toMatchObject([
      { level: "warn", event: "session/credentials-refused", fields: { at: "hello", why: "BusbarError: banned" } },
    ]);
  });
});
