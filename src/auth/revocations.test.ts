import { beforeEach, describe, expect, it } from "vitest";
import { VirtualClock } from "../testing/virtual-clock.js";
import type { Principal } from "./principal.js";
import { isMeant, Revocations } from "./revocations.js";

const hour = 3_600_000;
const claiming = (id: string, claims: Record<string, unknown> = {}): Principal => ({
  id,
  roles: [],
  claims,
  expiresAtMs: undefined,
});

describe("revocations", () => {
  let clock: VirtualClock;
  let revocations: Revocations;
  const nowSeconds = (): number => Math.floor(clock.wallTimeMs() / 1000);
  beforeEach(() => {
    clock = new VirtualClock();
    revocations = new Revocations(clock, { revocationsMax: 2, revocationKeepMs: hour });
  });

  it("of a token refuse this token alone", () => {
    revocations.add({ token: "t1" });
    expect(revocations.isRevoked(claiming("ada", { jti: "t1" }))).toBe(true);
    expect(revocations.isRevoked(claiming("ada", { jti: "t2" }))).toBe(false);
    expect(revocations.isRevoked(claiming("ada", { jti: ["t1"] }))).toBe(false);
    expect(revocations.isRevoked(claiming("t1"))).toBe(false);
  });

  it("of a principal refuse what was issued before, in the same second, or without saying when", () => {
    revocations.add({ principal: "ada" });
    const iat = nowSeconds();
    expect(revocations.isRevoked(claiming("ada", { iat: iat - 1 }))).toBe(true);
    expect(revocations.isRevoked(claiming("ada", { iat }))).toBe(true);
    expect(revocations.isRevoked(claiming("ada", { iat: iat + 1 }))).toBe(false);
    expect(revocations.isRevoked(claiming("ada"))).toBe(true);
    expect(revocations.isRevoked(claiming("ada", { iat: String(iat + 1) }))).toBe(true);
    expect(revocations.isRevoked(claiming("ada", { iat: Number.NaN }))).toBe(true);
    expect(revocations.isRevoked(claiming("bob", { iat: iat - 1 }))).toBe(false);
  });

  it("end after their time, which jumps of the wall clock do not shorten", () => {
    revocations.add({ token: "short" }, 1_000);
    revocations.add({ token: "long" });
    clock.jumpWallTime(2 * hour);
    expect(revocations.isRevoked(claiming("ada", { jti: "short" }))).toBe(true);
    clock.advance(1_000);
    expect(revocations.isRevoked(claiming("ada", { jti: "short" }))).toBe(false);
    expect(revocations.isRevoked(claiming("ada", { jti: "long" }))).toBe(true);
    expect(revocations.size).toBe(1);
    clock.advance(hour);
    expect(revocations.isRevoked(claiming("ada", { jti: "long" }))).toBe(false);
  });

  it("can be taken back", () => {
    revocations.add({ principal: "ada" });
    expect(revocations.remove({ principal: "ada" })).toBe(true);
    expect(revocations.remove({ token: "ada" })).toBe(false);
    expect(revocations.isRevoked(claiming("ada"))).toBe(false);
  });

  it("have a bound, at which none is forgotten before its time", () => {
    revocations.add({ token: "1" });
    revocations.add({ token: "2" }, 1_000);
    revocations.add({ token: "2" }, 1_000);
    expect(() => revocations.add({ token: "3" })).toThrow(
      expect.objectContaining({ code: "auth/too-many-revocations", retryable: true }),
    );
    expect(revocations.isRevoked(claiming("ada", { jti: "1" }))).toBe(true);
    clock.advance(1_000);
    revocations.add({ token: "3" });
    expect(revocations.isRevoked(claiming("ada", { jti: "1" }))).toBe(true);
    expect(revocations.isRevoked(claiming("ada", { jti: "3" }))).toBe(true);
  });

  it("hold for 100,000 of each kind and for 30 days", () => {
    revocations = new Revocations(clock);
    revocations.add({ token: "1" });
    clock.advance(30 * 24 * hour - 1);
    expect(revocations.isRevoked(claiming("ada", { jti: "1" }))).toBe(true);
  });

  it("mean a principal by its id, or by its token's", () => {
    const ada = claiming("ada", { jti: "t1" });
    expect(isMeant(ada, { principal: "ada" })).toBe(true);
    expect(isMeant(ada, { principal: "t1" })).toBe(false);
    expect(isMeant(ada, { token: "t1" })).toBe(true);
    expect(isMeant(claiming("ada"), { token: "t1" })).toBe(false);
  });
});
