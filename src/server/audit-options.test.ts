import { describe, expect, it } from "vitest";
import { z } from "zod";
import { noPolicy, policy, type Policy } from "../auth/policy.js";
import { Rulebook } from "../auth/rulebook.js";
import { channel } from "../contract/channel.js";
import { contract } from "../contract/contract.js";
import { auditSinks, requireAuditChannel } from "./audit-options.js";

const message = z.unknown();
const app = contract({
  "ops/audit": channel({ message, allow: { subscribe: ["operator"] } }),
  "ops/nobody": channel({ message }),
  "ops/auditors": channel({ message, allow: { subscribe: ["operator", "auditor"] } }),
  "ops/open": channel({ message, allow: { subscribe: ["operator", "member"] } }),
  "ops/written": channel({ message, allow: { subscribe: ["operator"], publish: ["operator"] } }),
});

const rulebook = (rules: Policy): Rulebook => new Rulebook(app, rules, () => {});

describe("an audit trail's channel", () => {
  it("is for those that inherit from operators, and for nobody else whom a policy lets in", () => {
    const audit = { channel: "ops/audit" };
    const check = (rules: Policy) => () => requireAuditChannel(app, audit, rulebook(rules));
    expect(check(policy({ roles: { admin: { inherits: ["operator"] } } }))).not.toThrow();
    for (const action of ["subscribe", "publish"] as const) {
      const rules = policy({ roles: { member: { allow: [{ do: action, on: "ops/audit" }] } } });
      expect(check(rules)).toThrow(expect.objectContaining({ code: "server/audit-channel" }));
    }
  });

  it.each([
    {},
    { channel: "ops/audit" },
    { channel: "ops/nobody" },
    { channel: "ops/auditors", readers: ["operator", "auditor"] },
  ])("is taken where operators alone may read it: %o", (audit) => {
    expect(() => requireAuditChannel(app, audit, rulebook(noPolicy))).not.toThrow();
  });

  it.each([
    [{ channel: "elsewhere" }, "the contract has no such channel"],
    [{ channel: "no name" }, "the contract has no such channel"],
    [{ channel: "ops/open" }, "member may subscribe, and operator alone should"],
    [{ channel: "ops/audit", readers: ["auditor"] }, "operator may subscribe, and auditor alone should"],
    [{ channel: "ops/written" }, "operator may publish, and nobody but the server should"],
  ])("is refused otherwise: %o", (audit, why) => {
    const text = `the audit trail cannot go to ${audit.channel}: ${why}`;
    expect(() => requireAuditChannel(app, audit, rulebook(noPolicy))).toThrow(
      expect.objectContaining({ code: "server/audit-channel", message: text }),
    );
  });
});

describe("audit sinks", () => {
  const event = { kind: "admitted", principal: "ada", session: "1", address: "a", time: 0 } as const;

  it("are the channel and the application's own", async () => {
    const published: unknown[] = [];
    const sunk: unknown[] = [];
    const publish = async (...what: unknown[]): Promise<void> => void published.push(what);
    const sinks = auditSinks({ channel: "ops/audit", sink: (one) => void sunk.push(one) }, publish);
    for (const sink of sinks) await sink(event);
    expect(published).toEqual([["ops/audit", event]]);
    expect(sunk).toEqual([event]);
    expect(auditSinks({}, publish)).toEqual([]);
  });
});
