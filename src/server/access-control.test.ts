import { beforeEach, describe, expect, it } from "vitest";
import { request } from "../../test/support/session-world.js";
import type { Authenticator } from "../auth/authenticator.js";
import type { Principal } from "../auth/principal.js";
import { silentLogger } from "../kernel/logger.js";
import { VirtualClock } from "../testing/virtual-clock.js";
import { AccessControl } from "./access-control.js";

/** A session that ends as those of the server do: nobody is its principal then. */
class FakeSession {
  readonly id: string;
  principal: Principal | undefined;
  expected: Principal | undefined;
  why: string | undefined;

  constructor(id: string, principal?: Principal) {
    this.id = id;
    this.principal = principal;
  }

  dismissed(why: string): void {
    this.why = why;
    this.principal = undefined;
    this.expected = undefined;
  }
}

describe("access control", () => {
  const hour = 3_600_000;
  let clock: VirtualClock;
  let sessions: Set<FakeSession>;
  let access: AccessControl;
  const someone = (id: string, jti: string, livesMs?: number): Principal => ({
    id,
    roles: [],
    claims: { jti },
    expiresAtMs: livesMs === undefined ? undefined : clock.wallTimeMs() + livesMs,
  });
  const join = (id: string, principal?: Principal): FakeSession => {
    const session = new FakeSession(id, principal);
    sessions.add(session);
    return session;
  };
  beforeEach(() => {
    clock = new VirtualClock();
    sessions = new Set();
    access = new AccessControl({ clock, logger: silentLogger, sessions, sinks: [], limits: { revocationsMax: 2 } });
  });

  it("ends the sessions of principals of whom something else is known by now, and lets them come back", async () => {
    const [ada, bob, expected] = [join("1", someone("ada", "a")), join("2", someone("bob", "b")), join("3")];
    expected.expected = someone("ada", "c");
    access.changed(["ada", "eve"]);
    expect([ada.why, bob.why, expected.why]).toEqual(["changed", undefined, "changed"]);
    expect(await access.guard(() => someone("ada", "d"))(request)).toMatchObject({ id: "ada" });
  });

  it("ends the sessions of a principal, and refuses it at the handshake", async () => {
    const [first, second, other, unknown] = [
      join("1", someone("ada", "a")),
      join("2", someone("ada", "b")),
      join("3", someone("bob", "c")),
      join("4"),
    ];
    expect(access.revoke({ principal: "ada" })).toBe(2);
    expect([first.why, second.why, other.why, unknown.why]).toEqual(["revoked", "revoked", undefined, undefined]);
    expect(await access.guard(() => someone("ada", "d"))(request)).toBeUndefined();
    expect(await access.guard(() => someone("bob", "c"))(request)).toMatchObject({ id: "bob" });
    expect(await access.guard(() => undefined)(request)).toBeUndefined();
    expect(access.trail.recent()).toMatchObject([
      { kind: "revoked", target: { principal: "ada" }, sessions: 2 },
      { kind: "refused", at: "handshake", why: "auth/revoked", principal: "ada", address: "192.0.2.1" },
    ]);
  });

  it("records why something that was shown is not accepted, and passes that on for the log", async () => {
    const told: unknown[] = [];
    const authenticate: Authenticator = ({ report }) => {
      report?.({ why: "token/expired" });
      return undefined;
    };
    const asked = { ...request, report: (refused: unknown) => void told.push(refused) };
    expect(await access.guard(authenticate)(asked)).toBeUndefined();
    expect(access.trail.recent()).toMatchObject([{ kind: "refused", at: "handshake", why: "token/expired" }]);
    access.revoke({ principal: "ada" });
    await access.guard(() => someone("ada", "a"))(asked);
    expect(told).toEqual([{ why: "token/expired" }, { why: "auth/revoked", isAmbient: true }]);
  });

  it("keeps the authenticator's challenge", () => {
    expect(access.guard(Object.assign(() => undefined, { challenge: "Bearer" })).challenge).toBe("Bearer");
    expect(access.guard(() => undefined).challenge).toBeUndefined();
  });

  it("takes a revocation back, and says whether there was one", async () => {
    access.revoke({ token: "a" });
    expect(await access.guard(() => someone("ada", "a"))(request)).toBeUndefined();
    expect(access.reinstate({ token: "a" })).toBe(true);
    expect(access.reinstate({ token: "a" })).toBe(false);
    expect(await access.guard(() => someone("ada", "a"))(request)).toMatchObject({ id: "ada" });
    expect(access.trail.recent().filter(({ kind }) => kind === "reinstated")).toHaveLength(1);
  });

  it("ends the sessions also where no more revocations can be known", () => {
    for (const token of ["x", "y"]) access.revoke({ token });
    const session = join("1", someone("ada", "a"));
    expect(() => access.revoke({ token: "a" })).toThrow(expect.objectContaining({ code: "auth/too-many-revocations" }));
    expect(session.why).toBe("revoked");
  });

  it("logs a session out, and refuses its token a while longer than it lives", () => {
    join("1");
    const session = join("1", someone("ada", "a", hour));
    const other = join("2", someone("ada", "b", hour));
    expect(access.logout("1")).toBe(true);
    expect([session.why, other.why]).toEqual(["logged-out", undefined]);
    expect(access.revocations.isRevoked(someone("ada", "a"))).toBe(true);
    expect(access.revocations.isRevoked(someone("ada", "b"))).toBe(false);
    clock.advance(3 * hour - 1);
    expect(access.revocations.isRevoked(someone("ada", "a"))).toBe(true);
    clock.advance(1);
    expect(access.revocations.isRevoked(someone("ada", "a"))).toBe(false);
    expect(access.logout("1")).toBe(false);
  });

  it("logs a session out whose token never expires, or has no id", () => {
    join("1", someone("ada", "a"));
    join("2", { ...someone("bob", ""), claims: {} });
    expect([access.logout("1"), access.logout("2"), access.logout("3")]).toEqual([true, true, false]);
    expect(access.revocations.size).toBe(1);
  });

  it("records the engine's refusals, and tells of what was left out when it is closed", () => {
    for (let count = 0; count < 30; count++)
      access.handshakeRefused({ address: "192.0.2.1", code: "handshake/origin", status: 403 });
    access.close();
    const events = access.trail.recent();
    expect(events[0]).toMatchObject({ kind: "refused", at: "handshake", why: "handshake/origin" });
    expect(events.at(-1)).toMatchObject({ kind: "omitted", counts: { refused: 10 } });
    expect(clock.timerCount).toBe(0);
  });
});
