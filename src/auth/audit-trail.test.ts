import { beforeEach, describe, expect, it } from "vitest";
import type { LogFields } from "../kernel/logger.js";
import { silentLogger } from "../kernel/logger.js";
import { VirtualClock } from "../testing/virtual-clock.js";
import type { AuditEntry, AuditEvent, RefusedEvent } from "./audit-event.js";
import { AuditTrail, type AuditTrailOptions } from "./audit-trail.js";

const refused: RefusedEvent = { kind: "refused", at: "handshake", why: "handshake/origin", address: "192.0.2.1" };
const admitted: AuditEntry = { kind: "admitted", principal: "ada", session: "s1", address: "192.0.2.1" };

describe("an audit trail", () => {
  let clock: VirtualClock;
  let failures: (LogFields | undefined)[];
  beforeEach(() => {
    clock = new VirtualClock();
    failures = [];
  });
  const trailWith = (options: Partial<AuditTrailOptions> = {}): AuditTrail =>
    new AuditTrail({
      clock,
      logger: { ...silentLogger, error: (_event, fields) => void failures.push(fields) },
      ...options,
    });

  it("holds what happened with its time, in its order, and sends it on", () => {
    const sent: AuditEvent[] = [];
    const trail = trailWith({ sinks: [(event) => void sent.push(event)] });
    const time = clock.wallTimeMs();
    trail.record(refused);
    clock.advance(5);
    trail.record(admitted);
    trail.record(refused);
    const events = [
      { time, ...refused },
      { time: time + 5, ...admitted },
      { time: time + 5, ...refused },
    ];
    expect(trail.recent()).toEqual(events);
    expect(sent).toEqual(events);
    expect(clock.timerCount).toBe(0);
  });

  it("keeps a bounded number of each kind, so that a flood of one leaves the others", () => {
    const trail = trailWith({ limits: { recentMax: 2 } });
    trail.record(admitted);
    for (const address of ["1", "2", "3"]) trail.record({ ...refused, address });
    expect(trail.recent()).toMatchObject([{ kind: "admitted" }, { address: "2" }, { address: "3" }]);
  });

  it("counts what is beyond the rate, and tells how much that was, a second later", () => {
    const trail = trailWith({ limits: { refusalsPerSecond: 2, eventsPerSecond: 3 } });
    const since = clock.wallTimeMs();
    const denied: AuditEntry = { kind: "denied", principal: "ada", action: "publish", name: "chat/a", rule: "none" };
    for (let count = 0; count < 10; count++) {
      trail.record(refused);
      trail.record(admitted);
      trail.record(denied);
    }
    expect(trail.recent()).toHaveLength(2 + 3 + 2);
    clock.advance(999);
    expect(trail.recent()).toHaveLength(7);
    clock.advance(1);
    expect(trail.recent().at(-1)).toEqual({
      kind: "omitted",
      time: since + 1000,
      since,
      counts: { refused: 8, admitted: 7, denied: 8 },
    });
    trail.record(refused);
    expect(trail.recent().at(-1)).toMatchObject({ kind: "refused" });
    expect(clock.timerCount).toBe(0);
  });

  it("has a default rate for refusals that a login flood cannot exceed, and counts every one", () => {
    const trail = trailWith();
    for (let second = 0; second < 10; second++) {
      for (let count = 0; count < 5000; count++) trail.record(refused);
      clock.advance(1000);
    }
    trail.close();
    const events = trail.recent();
    const kept = events.filter(({ kind }) => kind === "refused").length;
    const counted = events.reduce(
      (sum, event) => sum + (event.kind === "omitted" ? (event.counts.refused ?? 0) : 0),
      0,
    );
    expect(kept).toBe(200);
    expect(kept + counted).toBe(50_000);
  });

  it("tells of what was left out when it is closed, and leaves no timer", () => {
    const trail = trailWith({ limits: { eventsPerSecond: 0 } });
    trail.record(admitted);
    trail.close();
    trail.close();
    expect(trail.recent()).toMatchObject([{ kind: "omitted", counts: { admitted: 1 } }]);
    expect(clock.timerCount).toBe(0);
  });

  it("goes on when a sink throws or rejects, and logs that", async () => {
    const trail = trailWith({
      sinks: [
        () => {
          throw new Error("thrown");
        },
        () => Promise.reject(new Error("rejected")),
        () => Promise.resolve(),
      ],
    });
    trail.record(admitted);
    await clock.settle();
    expect(trail.recent()).toHaveLength(1);
    expect(failures).toEqual([
      { kind: "admitted", cause: "Error: thrown" },
      { kind: "admitted", cause: "Error: rejected" },
    ]);
  });

  it("cuts texts that somebody else chose", () => {
    const trail = trailWith();
    const long = "x".repeat(300);
    const cut = `${"x".repeat(256)}…`;
    const session = "s1";
    const address = "a";
    trail.record({ kind: "admitted", principal: long, session, address });
    trail.record({ kind: "refreshed", principal: long, session, address });
    trail.record({ kind: "ended", why: "expired", principal: long, session, address });
    trail.record({ ...refused, why: long, principal: long });
    trail.record({ kind: "denied", principal: long, action: "call", name: long, rule: long });
    trail.record({ kind: "revoked", target: { principal: long }, sessions: 1 });
    trail.record({ kind: "reinstated", target: { token: long }, sessions: 0 });
    expect(trail.recent()).toMatchObject([
      { principal: cut },
      { principal: cut },
      { principal: cut },
      { principal: cut },
      { principal: cut, name: cut, rule: cut },
      { target: { principal: cut } },
      { target: { token: cut } },
    ]);
  });
});
