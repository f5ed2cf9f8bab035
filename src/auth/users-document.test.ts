import { describe, expect, it } from "vitest";
import type { HashedUser } from "./basic.js";
import { changedUsers, formatUsers, nameFault, parseUsers, rolesFault } from "./users-document.js";

const passwordHash = `$scrypt$ln=14,r=8,p=1$${"A".repeat(22)}$${"A".repeat(43)}`;
const ada: HashedUser = { passwordHash, roles: ["member", "operator"], claims: { team: 1 } };
const bob: HashedUser = { passwordHash, roles: [] };

describe("a users file", () => {
  it("has one line for each user, and is read again", () => {
    const table = new Map([
      ["ada", ada],
      ['bob "the" builder', bob],
    ]);
    const text = formatUsers(table);
    expect(text.split("\n")).toHaveLength(7);
    expect(parseUsers(text)).toEqual(table);
    expect(formatUsers(new Map())).toBe('{\n  "users": {}\n}\n');
    expect(parseUsers(formatUsers(new Map()))).toEqual(new Map());
  });

  const withUser = (name: string, user: unknown): string =>
    `{"users":{${JSON.stringify(name)}:${JSON.stringify(user)}}}`;
  it.each([
    ["", 'no JSON object with a member "users"'],
    ["[]", 'no JSON object with a member "users"'],
    ['{"users":[]}', 'no JSON object with a member "users"'],
    ['{"users":{},"users":{}}', 'no JSON object with a member "users"'],
    [withUser("a:b", bob), "neither colons nor control characters"],
    [withUser("bob", "secret"), 'the user "bob": it is no object'],
    [withUser("bob", { password: "secret", roles: [] }), "its passwordHash is none"],
    [withUser("bob", { passwordHash: "secret", roles: [] }), "its passwordHash is none"],
    [withUser("bob", { passwordHash, roles: "member" }), "roles are a list"],
    [withUser("bob", { passwordHash }), "roles are a list"],
    [withUser("bob", { passwordHash, roles: [], claims: [] }), "its claims are no object"],
  ])("is not %s", (text, why) => {
    expect(parseUsers(text)).toContain(why);
  });

  it("tells who has changed or is gone", () => {
    const before = new Map([
      ["ada", ada],
      ["bob", bob],
      ["eve", bob],
    ]);
    const after = new Map([
      ["bob", { ...bob }],
      ["eve", { ...bob, roles: ["member"] }],
      ["new", bob],
    ]);
    expect(changedUsers(before, after)).toEqual(["ada", "eve"]);
  });

  it.each([
    ["ada@example.org", undefined],
    ["", "not empty"],
    ["a:b", "colons"],
    ["a\nb", "control characters"],
    ["\u0085", "control characters"],
    ["x".repeat(256), "255"],
    ["__proto__", "nobody"],
  ])("has a user %j or not: %s", (name, why) => {
    if (why === undefined) expect(nameFault(name)).toBeUndefined();
    else expect(nameFault(name)).toContain(why);
  });

  it.each([
    [["member"], undefined],
    [[], undefined],
    ["member", "a list"],
    [Array.from({ length: 101 }, () => "member"), "at most 100"],
    [["a b"], "neither blanks"],
    [["a,b"], "neither blanks"],
    [[""], "not empty"],
    [[1], "neither blanks"],
  ])("has roles %j or not: %s", (roles, why) => {
    if (why === undefined) expect(rolesFault(roles)).toBeUndefined();
    else expect(rolesFault(roles)).toContain(why);
  });
});
