import { describe, expect, it } from "vitest";
import { RoleTree } from "./roles.js";

const tree = (inherited: Record<string, string[]>): RoleTree => new RoleTree(new Map(Object.entries(inherited)));

describe("roles", () => {
  it("are held with those that they inherit from, each by the shortest way", () => {
    const roles = tree({ owner: ["admin", "guest"], admin: ["member"], member: ["guest"] });
    expect([...roles.heldBy(["owner", "poet"])]).toEqual([
      ["owner", ["owner"]],
      ["poet", ["poet"]],
      ["admin", ["owner", "admin"]],
      ["guest", ["owner", "guest"]],
      ["member", ["owner", "admin", "member"]],
    ]);
    expect(roles.heldBy([]).size).toBe(0);
  });

  it("are looked up once for a list", () => {
    const roles = tree({ admin: ["member"] });
    const list = ["admin"];
    expect(roles.heldBy(list)).toBe(roles.heldBy(list));
    expect(roles.heldBy(["admin"])).toEqual(roles.heldBy(list));
  });

  it("that nobody defined are held and inherit nothing, whatever they are called", () => {
    expect([...tree({}).heldBy(["__proto__", "constructor"]).keys()]).toEqual(["__proto__", "constructor"]);
  });

  it.each([
    [{ a: ["a"] }, "a > a"],
    [{ a: ["b"], b: ["a"] }, "a > b > a"],
    [{ x: ["a"], a: ["b", "c"], b: [], c: ["d"], d: ["a"] }, "a > c > d > a"],
  ])("that inherit from themselves are refused with the circle: %o", (inherited, circle) => {
    expect(() => tree(inherited)).toThrow(
      expect.objectContaining({ code: "policy/circle", message: expect.stringContaining(`themselves: ${circle};`) }),
    );
  });

  it("may be inherited by two ways", () => {
    expect(() => tree({ a: ["b", "c"], b: ["d"], c: ["d"], d: [] })).not.toThrow();
  });

  it("are checked in a time that does not grow with the number of ways", () => {
    const names = Array.from({ length: 200 }, (_, index) => [`a${index}`, `b${index}`] as const);
    const inherited = names.flatMap((level, index) =>
      level.map((name) => [name, [...(names[index + 1] ?? [])]] as const),
    );
    expect(new RoleTree(new Map(inherited)).heldBy(["a0"]).size).toBe(399);
  });
});
