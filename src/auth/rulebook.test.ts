import { beforeEach, describe, expect, it } from "vitest";
import { z } from "zod";
import { call } from "../contract/call.js";
import { channel } from "../contract/channel.js";
import { contract } from "../contract/contract.js";
import type { Action } from "./action.js";
import { noPolicy, policy, type Policy, type Rule } from "./policy.js";
import type { Principal } from "./principal.js";
import { Rulebook, type ConditionFailure, type Decision } from "./rulebook.js";

const any = z.unknown();
const app = contract({
  "chat/:room": channel({ message: any, allow: { subscribe: ["member"], publish: ["member"] } }),
  "inbox/:user": channel({ message: any }),
  "time/:zone": call({ input: any, output: any, allow: { call: ["member"] } }),
  "confirm/:question": call({ input: any, output: any, handledBy: "client" }),
});

const who = (roles: readonly string[], claims: Principal["claims"] = {}): Principal => {
  return { id: "ada", roles, claims, expiresAtMs: undefined };
};
const members = (...allow: Rule[]): Policy => policy({ roles: { member: { allow } } });

describe("a rulebook", () => {
  let failures: ConditionFailure[];
  beforeEach(() => {
    failures = [];
  });
  const book = (rules: Policy): Rulebook => new Rulebook(app, rules, (failure) => void failures.push(failure));
  const decide = (rules: Policy, principal: Principal, action: Action, name: string): Decision => {
    const match = app.match(name) ?? app.matchCall(name);
    if (match === undefined) throw new Error(`there is no ${name}`);
    return book(rules).decide({ principal, action, pattern: match.pattern, params: match.params });
  };

  it("allows what the contract allows, and nothing else", () => {
    expect(decide(noPolicy, who(["guest", "member"]), "publish", "chat/a")).toEqual({
      isAllowed: true,
      rule: 'allow.publish of "chat/:room"',
      path: ["member"],
    });
    const denied = (action: string, pattern: string) => {
      return { isAllowed: false, rule: `no rule allows ${action} on "${pattern}"`, path: [] };
    };
    expect(decide(noPolicy, who(["guest"]), "publish", "chat/a")).toEqual(denied("publish", "chat/:room"));
    expect(decide(noPolicy, who(["member"]), "publish", "inbox/ada")).toEqual(denied("publish", "inbox/:user"));
    expect(decide(noPolicy, who(["member"]), "call", "time/utc")).toMatchObject({ isAllowed: true });
    expect(decide(noPolicy, who([]), "call", "time/utc")).toEqual(denied("call", "time/:zone"));
    expect(decide(noPolicy, who(["member"]), "operate", "chat/a")).toEqual(denied("operate", "chat/:room"));
  });

  it("lets roles inherit what the contract and the policy allow, and says how", () => {
    const rules = policy({
      roles: {
        owner: { inherits: ["admin"] },
        admin: { inherits: ["member", "guest"] },
        guest: { allow: [{ do: "subscribe", on: "inbox/:user" }] },
      },
    });
    expect(decide(rules, who(["owner"]), "publish", "chat/a")).toEqual({
      isAllowed: true,
      rule: 'allow.publish of "chat/:room"',
      path: ["owner", "admin", "member"],
    });
    expect(decide(rules, who(["owner"]), "subscribe", "inbox/ada")).toEqual({
      isAllowed: true,
      rule: 'roles.guest.allow[0] (subscribe on "inbox/:user")',
      path: ["owner", "admin", "guest"],
    });
    expect(decide(rules, who(["guest"]), "publish", "chat/a")).toMatchObject({ isAllowed: false });
  });

  it("lets a denial go before whatever is allowed, by any role", () => {
    const rules = policy({
      roles: {
        admin: { allow: [{ do: "*", on: "*" }] },
        banned: { deny: [{ do: "*", on: "*" }] },
        member: { deny: [{ do: "publish", on: "chat/announcements" }] },
      },
    });
    expect(decide(rules, who(["admin"]), "publish", "chat/announcements")).toMatchObject({ isAllowed: true });
    expect(decide(rules, who(["member", "admin"]), "publish", "chat/announcements")).toEqual({
      isAllowed: false,
      rule: 'roles.member.deny[0] (publish on "chat/announcements")',
      path: ["member"],
    });
    expect(decide(rules, who(["member"]), "publish", "chat/a")).toMatchObject({ isAllowed: true });
    for (const [action, name] of [
      ["publish", "chat/a"],
      ["history", "chat/a"],
      ["call", "confirm/sure"],
    ] as const) {
      expect(decide(rules, who(["admin", "banned"]), action, name)).toMatchObject({ isAllowed: false });
    }
  });

  it("binds parameters to the principal's id", () => {
    const rules = members({ do: "subscribe", on: "inbox/:user", where: { user: "id" } });
    expect(decide(rules, who(["member"]), "subscribe", "inbox/ada")).toMatchObject({ isAllowed: true });
    expect(decide(rules, who(["member"]), "subscribe", "inbox/bob")).toMatchObject({ isAllowed: false });
  });

  it.each([
    ["a", true],
    [["b", "a"], true],
    [["b"], false],
    ["ab", false],
    [[["a"]], false],
    [{ a: "a" }, false],
    [undefined, false],
  ])("binds parameters to a claim: %o", (rooms, isAllowed) => {
    const rules = members({ do: "history", on: "chat/:room", where: { room: "claims.rooms" } });
    expect(decide(rules, who(["member"], { rooms }), "history", "chat/a")).toMatchObject({ isAllowed });
  });

  it("takes no claim for one that is only inherited, and no number for a text", () => {
    const rules = members(
      { do: "subscribe", on: "inbox/:user", where: { user: "claims.constructor" } },
      { do: "subscribe", on: "inbox/:user", where: { user: "claims.https://example.org/number" } },
    );
    expect(decide(rules, who(["member"]), "subscribe", "inbox/Object")).toMatchObject({ isAllowed: false });
    const claims = { "https://example.org/number": 1 };
    expect(decide(rules, who(["member"], claims), "subscribe", "inbox/1")).toMatchObject({ isAllowed: false });
    const texts = { "https://example.org/number": "1" };
    expect(decide(rules, who(["member"], texts), "subscribe", "inbox/1")).toMatchObject({ isAllowed: true });
  });

  it("asks conditions with the principal and the parameters", () => {
    const rules = members({
      do: "subscribe",
      on: "inbox/:user",
      if: ({ claims }, { user }) => claims["friend"] === user,
    });
    expect(decide(rules, who(["member"], { friend: "bob" }), "subscribe", "inbox/bob")).toMatchObject({
      isAllowed: true,
    });
    expect(decide(rules, who(["member"]), "subscribe", "inbox/bob")).toMatchObject({ isAllowed: false });
    expect(failures).toEqual([]);
  });

  it("denies where a condition throws, and tells which", () => {
    const fails = (): boolean => {
      throw new Error("no database");
    };
    const rules = members({ do: "subscribe", on: "inbox/:user", if: fails });
    expect(decide(rules, who(["member"]), "subscribe", "inbox/ada")).toMatchObject({ isAllowed: false });
    const denying = policy({ roles: { member: { deny: [{ do: "publish", on: "chat/:room", if: fails }] } } });
    expect(decide(denying, who(["member"]), "publish", "chat/a")).toMatchObject({ isAllowed: false });
    expect(failures).toEqual([
      {
        rule: 'roles.member.allow[0] (subscribe on "inbox/:user", if fails)',
        principal: "ada",
        cause: expect.objectContaining({ message: "no database" }),
      },
      expect.objectContaining({ rule: 'roles.member.deny[0] (publish on "chat/:room", if fails)' }),
    ]);
  });

  it("takes a promise for no answer", () => {
    const later = (async () => true) as unknown as () => boolean;
    const rules = members({ do: "subscribe", on: "inbox/:user", if: later });
    expect(decide(rules, who(["member"]), "subscribe", "inbox/ada")).toMatchObject({ isAllowed: false });
    expect(failures).toMatchObject([{ cause: { code: "policy/invalid" } }]);
  });

  it("lets history go with subscribing, unless a rule allows it by its name", () => {
    const subscribe = { isAllowed: true, rule: 'allow.subscribe of "chat/:room"', path: ["member"] };
    expect(decide(noPolicy, who(["member"]), "history", "chat/a")).toEqual(subscribe);
    expect(decide(noPolicy, who(["guest"]), "history", "chat/a")).toMatchObject({ isAllowed: false });
    const everything = policy({ roles: { admin: { allow: [{ do: "*", on: "*" }] } } });
    expect(decide(everything, who(["member"]), "history", "chat/a")).toEqual(subscribe);
    expect(decide(everything, who(["admin"]), "history", "chat/a")).toMatchObject({ isAllowed: true, path: ["admin"] });
    const spoken = policy({ roles: { historian: { allow: [{ do: "history", on: "chat/:room" }] } } });
    expect(decide(spoken, who(["member"]), "history", "chat/a")).toMatchObject({
      isAllowed: false,
      rule: 'no rule allows history on "chat/:room"',
    });
    expect(decide(spoken, who(["historian"]), "history", "chat/a")).toMatchObject({ isAllowed: true });
    const denied = policy({ roles: { guest: { deny: [{ do: "history", on: "chat/:room" }] } } });
    expect(decide(denied, who(["member"]), "history", "chat/a")).toEqual(subscribe);
    expect(decide(denied, who(["member", "guest"]), "history", "chat/a")).toMatchObject({ isAllowed: false });
  });

  it("lets any client offer what clients handle, unless a rule allows it by its name", () => {
    expect(decide(noPolicy, who([]), "call", "confirm/sure")).toEqual({
      isAllowed: true,
      rule: 'no rule speaks of offering "confirm/:question"',
      path: [],
    });
    const spoken = members({ do: "call", on: "confirm/:question" });
    expect(decide(spoken, who([]), "call", "confirm/sure")).toMatchObject({ isAllowed: false });
    expect(decide(spoken, who(["member"]), "call", "confirm/sure")).toMatchObject({ isAllowed: true });
  });

  it("refuses roles that inherit from what nobody defined", () => {
    const rules = policy({ roles: { admin: { inherits: ["membr"] } } });
    expect(() => book(rules)).toThrow(
      expect.objectContaining({
        code: "policy/invalid",
        message: 'roles.admin.inherits: neither policy nor contract has a role "membr": there are member, admin',
      }),
    );
  });

  it("says which roles can ever do something", () => {
    const rules = policy({
      roles: {
        admin: { inherits: ["member"] },
        auditor: { allow: [{ do: "*", on: "chat/lobby" }] },
        banned: { inherits: ["member"], deny: [{ do: "*", on: "*" }] },
        guest: {},
      },
    });
    expect(book(rules).rolesThat("publish", "chat/:room")).toEqual(["member", "admin", "auditor"]);
    expect(book(rules).rolesThat("publish", "chat/:room", ["member"])).toEqual(["auditor"]);
    expect(book(rules).rolesThat("operate", "inbox/:user")).toEqual([]);
  });

  it("says what roles can ever do", () => {
    const rules = policy({
      roles: {
        member: { allow: [{ do: "subscribe", on: "inbox/:user", where: { user: "id" } }] },
        mute: { deny: [{ do: "publish", on: "*" }] },
        shy: {
          deny: [
            { do: "publish", on: "chat/lobby" },
            { do: "publish", on: "chat/:room", where: { room: "id" } },
            { do: "publish", on: "chat/:room", if: () => true },
          ],
        },
      },
    });
    const can = book(rules).canEver.bind(book(rules));
    expect(can(["member"], "subscribe", "inbox/:user")).toBe(true);
    expect(can(["guest"], "subscribe", "inbox/:user")).toBe(false);
    expect(can(["member"], "history", "inbox/:user")).toBe(true);
    expect(can(["member"], "publish", "chat/:room")).toBe(true);
    expect(can(["member", "shy"], "publish", "chat/:room")).toBe(true);
    expect(can(["member", "mute"], "publish", "chat/:room")).toBe(false);
    expect(can([], "call", "confirm/:question")).toBe(true);
    expect(can([], "call", "time/:zone")).toBe(false);
    expect(can(["member"], "publish", "nowhere")).toBe(false);
  });
});
