import { describe, expect, it } from "vitest";
import { z } from "zod";
import { channel } from "../contract/channel.js";
import { contract } from "../contract/contract.js";
import { BusbarError } from "../kernel/errors.js";
import { silentLogger, type LogFields } from "../kernel/logger.js";
import { Authority } from "./authority.js";
import type { Rulebook } from "./rulebook.js";
import { policy } from "./policy.js";
import type { Principal } from "./principal.js";

const app = contract({ news: channel({ message: z.unknown(), allow: { subscribe: ["member"] } }) });
const ada: Principal = { id: "ada", roles: ["member"], claims: { age: 36 }, expiresAtMs: 5 };
const asked = { principal: ada, action: "publish", pattern: "news", params: {} } as const;
const writers = policy({ roles: { member: { allow: [{ do: "publish", on: "news" }] } } });

describe("an authority", () => {
  it("decides by the contract, and by the policy that it is given", () => {
    const authority = new Authority({ contract: app, logger: silentLogger });
    expect(authority.decide({ ...asked, action: "subscribe" }).isAllowed).toBe(true);
    expect(authority.decide(asked).isAllowed).toBe(false);
    expect(authority.contract).toBe(app);
    expect(authority.rulebook.canEver(["member"], "publish", "news")).toBe(false);
    const other = new Authority({ contract: app, policy: writers, logger: silentLogger });
    expect(other.decide(asked).isAllowed).toBe(true);
    expect(other.rulebook.canEver(["member"], "publish", "news")).toBe(true);
  });

  it("decides by another from when on it is replaced, and counts that", () => {
    const authority = new Authority({ contract: app, logger: silentLogger });
    const { generation } = authority;
    authority.replace(writers);
    expect(authority.decide(asked).isAllowed).toBe(true);
    expect(authority.policy).toBe(writers);
    expect(authority.generation).toBe(generation + 1);
    authority.reconsider();
    expect(authority.generation).toBe(generation + 2);
  });

  it("keeps its policy where another does not fit the contract", () => {
    const authority = new Authority({ contract: app, policy: writers, logger: silentLogger });
    const { generation } = authority;
    const wrong = policy({ roles: { member: { allow: [{ do: "publish", on: "olds" }] } } });
    expect(() => authority.replace(wrong)).toThrow(expect.objectContaining({ code: "policy/invalid" }));
    expect([authority.policy, authority.generation]).toEqual([writers, generation]);
    expect(authority.decide(asked).isAllowed).toBe(true);
  });

  it("refuses a policy that something else forbids, from the start and later", () => {
    const check = (rulebook: Rulebook): void => {
      if (rulebook.rolesThat("publish", "news").length > 0) throw new BusbarError("test/no", "nobody writes news");
    };
    const refusal = expect.objectContaining({ code: "test/no" });
    expect(() => new Authority({ contract: app, policy: writers, check, logger: silentLogger })).toThrow(refusal);
    const authority = new Authority({ contract: app, check, logger: silentLogger });
    expect(() => authority.replace(writers)).toThrow(refusal);
    expect(authority.decide(asked).isAllowed).toBe(false);
  });

  it("tries a policy without deciding by it", () => {
    const authority = new Authority({ contract: app, logger: silentLogger });
    expect(authority.read(writers).decide(asked).isAllowed).toBe(true);
    expect(authority.decide(asked).isAllowed).toBe(false);
  });

  it("logs conditions that throw", () => {
    const lines: [string, LogFields | undefined][] = [];
    const logger = { ...silentLogger, error: (event: string, fields?: LogFields) => void lines.push([event, fields]) };
    const fails = (): boolean => {
      throw new Error("no database");
    };
    const failing = policy({ roles: { member: { allow: [{ do: "publish", on: "news", if: fails }] } } });
    expect(new Authority({ contract: app, policy: failing, logger }).decide(asked).isAllowed).toBe(false);
    const rule = 'roles.member.allow[0] (publish on "news", if fails)';
    expect(lines).toEqual([
      ["policy/condition-failed", { rule, principal: "ada", cause: expect.stringContaining("no database") }],
    ]);
  });

  it("gives principals other roles, and takes them back", () => {
    const authority = new Authority({ contract: app, logger: silentLogger });
    expect(authority.effective(ada)).toBe(ada);
    const roles = ["guest"];
    authority.assign("ada", roles);
    roles.push("admin");
    expect(authority.effective(ada)).toEqual({ ...ada, roles: ["guest"] });
    expect(authority.effective({ ...ada, id: "bob" }).roles).toEqual(["member"]);
    authority.assign("ada", undefined);
    expect(authority.effective(ada)).toBe(ada);
  });

  it("knows so many of them, and forgets none for another", () => {
    const authority = new Authority({ contract: app, logger: silentLogger, limits: { assignmentsMax: 1 } });
    authority.assign("ada", []);
    expect(() => authority.assign("bob", [])).toThrow(expect.objectContaining({ code: "policy/too-many-assignments" }));
    authority.assign("ada", ["guest"]);
    expect(authority.effective(ada).roles).toEqual(["guest"]);
    authority.assign("ada", undefined);
    authority.assign("bob", []);
  });
});
