import { beforeEach, describe, expect, it } from "vitest";
import { principal, roomContract } from "../../test/support/session-world.js";
import { Access } from "../auth/access.js";
import type { AuditEntry } from "../auth/audit-event.js";
import { Authority } from "../auth/authority.js";
import { policy } from "../auth/policy.js";
import { silentLogger } from "../kernel/logger.js";
import { channelDenial, permit, type Asker } from "./permission.js";

const rules = policy({ roles: { operator: { allow: [{ do: "operate", on: "chat/:room" }] } } });

describe("permission", () => {
  let audited: AuditEntry[];
  beforeEach(() => {
    audited = [];
  });
  const asker = (...roles: string[]): Asker => ({
    services: { contract: roomContract, audit: (entry) => void audited.push(entry) },
    principal: principal("ada", ...roles),
    access: new Access(new Authority({ contract: roomContract, policy: rules, logger: silentLogger })),
  });

  it("is given for what a role allows on the channel's kind", () => {
    const match = permit(asker("member"), "chat/lobby", "publish");
    expect(match).toMatchObject({ pattern: "chat/:room", params: { room: "lobby" } });
    expect(channelDenial(asker("member"), "chat/lobby", "publish")).toBeUndefined();
    expect(permit(asker("operator"), "chat/lobby", "operate")).toMatchObject({ pattern: "chat/:room" });
    expect(audited).toEqual([]);
  });

  it.each([
    ["publish", "ada may not publish to secret"],
    ["subscribe", "ada may not subscribe to secret"],
    ["presence", "ada may not be present on secret"],
    ["operate", "ada may not operate secret"],
  ] as const)("to %s is refused where nothing is said, and audited with the rule that decided", (what, message) => {
    const refusal = expect.objectContaining({ code: "policy/denied", message });
    expect(() => permit(asker("member", "admin"), "secret", what)).toThrow(refusal);
    const rule = `no rule allows ${what} on "secret"`;
    expect(audited).toEqual([{ kind: "denied", principal: "ada", action: what, name: "secret", rule }]);
    expect(channelDenial(asker("member", "admin"), "secret", what)).toEqual(refusal);
  });

  it("is refused for channels that there are not", () => {
    const refusal = expect.objectContaining({ code: "channel/unknown" });
    expect(() => permit(asker("member"), "nowhere", "publish")).toThrow(refusal);
    expect(channelDenial(asker("member"), "nowhere", "publish")).toEqual(refusal);
    expect(audited).toEqual([]);
  });
});
