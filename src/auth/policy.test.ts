import { describe, expect, it } from "vitest";
import { actions } from "./action.js";
import { noPolicy, policy, type Policy } from "./policy.js";

/** As from JavaScript. */
const loose = (given: unknown): Policy => policy(given as Parameters<typeof policy>[0]);
const member =
  (role: unknown): (() => Policy) =>
  () =>
    loose({ roles: { member: role } });
const rule = (given: unknown): (() => Policy) => member({ allow: [given] });
const invalid = (message: string) => expect.objectContaining({ code: "policy/invalid", message });

describe("a policy", () => {
  it("is read into rules that say where they stand", () => {
    const isOpen = (): boolean => true;
    const { kind, roles, rules } = policy({
      roles: {
        guest: { allow: [{ do: "subscribe", on: "news" }] },
        member: {
          inherits: ["guest"],
          allow: [{ do: ["publish", "history"], on: ["chat/:room", "inbox/:user"], where: { user: "id" }, if: isOpen }],
          deny: [{ do: "*", on: "*", if: () => false }],
        },
      },
    });
    expect(kind).toBe("policy");
    expect([...roles.inherited]).toEqual([
      ["guest", []],
      ["member", ["guest"]],
    ]);
    expect(rules).toEqual([
      {
        effect: "allow",
        role: "guest",
        actions: ["subscribe"],
        patterns: ["news"],
        where: [],
        condition: undefined,
        isExplicit: true,
        text: 'roles.guest.allow[0] (subscribe on "news")',
      },
      {
        effect: "allow",
        role: "member",
        actions: ["publish", "history"],
        patterns: ["chat/:room", "inbox/:user"],
        where: [["user", "id"]],
        condition: isOpen,
        isExplicit: true,
        text: 'roles.member.allow[0] (publish, history on "chat/:room", "inbox/:user" where user = id, if isOpen)',
      },
      expect.objectContaining({
        effect: "deny",
        actions,
        patterns: ["*"],
        isExplicit: false,
        text: 'roles.member.deny[0] (* on "*", if …)',
      }),
    ]);
  });

  it("can be none", () => {
    expect(noPolicy.rules).toEqual([]);
    expect(policy({ roles: {} }).rules).toEqual([]);
  });

  it("knows functions without a name", () => {
    const [nameless] = [() => true];
    const [first] = policy({
      roles: { a: { allow: [{ do: "call", on: "x", ...(nameless && { if: nameless }) }] } },
    }).rules;
    expect(first?.text).toBe('roles.a.allow[0] (call on "x", if …)');
  });

  it.each([
    ["is an object", () => loose(undefined), "a policy: is an object"],
    ["has roles", () => loose({}), "roles: is an object"],
    ["has nothing else", () => loose({ roles: {}, rule: [] }), 'a policy: has no "rule": it has roles'],
    ["has no list of roles", () => loose({ roles: [] }), "roles: is an object"],
    ["has roles that are objects", member(null), "roles.member: is an object"],
    [
      "has no misspelled members of a role",
      member({ inherit: ["guest"] }),
      'roles.member: has no "inherit": it has inherits, allow, deny',
    ],
    ["inherits from a list", member({ inherits: "guest" }), "roles.member.inherits: is a list of texts"],
    ["inherits from texts", member({ inherits: [1] }), "roles.member.inherits: is a list of texts"],
    [
      "allows a list",
      member({ allow: { do: "call", on: "x" } }),
      "roles.member.allow: is a list of rules: { do, on, where?, if? }",
    ],
    ["has rules that are objects", member({ deny: [null] }), "roles.member.deny[0]: is an object"],
    [
      "has no misspelled members of a rule",
      rule({ do: "call", on: "x", when: () => true }),
      'roles.member.allow[0]: has no "when": it has do, on, where, if',
    ],
    [
      "knows what there is to do",
      rule({ do: ["publish", "read"], on: "x" }),
      'roles.member.allow[0]: do is one or several of subscribe, publish, presence, history, call, operate, or "*", and not read',
    ],
    [
      "needs something to do",
      rule({ do: [], on: "x" }),
      'roles.member.allow[0]: do is one or several of subscribe, publish, presence, history, call, operate, or "*", and not undefined',
    ],
    ["has patterns that are texts", rule({ do: "call" }), "roles.member.allow[0].on: is a list of texts"],
    [
      "needs a pattern",
      rule({ do: "call", on: [] }),
      'roles.member.allow[0]: on names the patterns that it is about, or is "*"',
    ],
    [
      "has conditions that are functions",
      rule({ do: "call", on: "x", if: true }),
      "roles.member.allow[0]: if is a function of the principal and the parameters",
    ],
    [
      "binds parameters by name",
      rule({ do: "call", on: "x", where: "id" }),
      "roles.member.allow[0].where: is an object",
    ],
    [
      "binds them to the id or a claim",
      rule({ do: "call", on: "x/:y", where: { y: "claims." } }),
      'roles.member.allow[0]: where.y is "id" or "claims." and a claim\'s name, and not claims.',
    ],
    [
      "binds them to nothing else",
      rule({ do: "call", on: "x/:y", where: { y: 1 } }),
      'roles.member.allow[0]: where.y is "id" or "claims." and a claim\'s name, and not 1',
    ],
    [
      "binds no parameters of everything",
      rule({ do: "call", on: ["x", "*"], where: { y: "id" } }),
      'roles.member.allow[0]: where needs patterns, and on is "*"',
    ],
  ])("%s", (_, make, message) => {
    expect(make).toThrow(invalid(message));
  });

  it("has no roles that inherit from themselves", () => {
    expect(() => policy({ roles: { a: { inherits: ["b"] }, b: { inherits: ["a"] } } })).toThrow(
      expect.objectContaining({ code: "policy/circle" }),
    );
  });
});
