import { describe, expect, it } from "vitest";
import { PatternTree } from "./pattern.js";

function treeOf(...patterns: string[]): PatternTree<number> {
  const tree = new PatternTree<number>();
  for (const [index, pattern] of patterns.entries()) tree.add(pattern, index);
  return tree;
}

describe("a tree of patterns", () => {
  const tree = treeOf("news", "chat/:room", "chat/lobby", "games/:game/moves/:player", "a/:x/c", "a/b/:y", "a/b");

  it.each([
    ["news", "news", {}, 0],
    ["chat/kitchen", "chat/:room", { room: "kitchen" }, 1],
    ["chat/__proto__", "chat/:room", { room: "__proto__" }, 1],
    ["chat/lobby", "chat/lobby", {}, 2],
    ["games/go/moves/ada", "games/:game/moves/:player", { game: "go", player: "ada" }, 3],
    ["a/b/c", "a/b/:y", { y: "c" }, 5],
    ["a/x/c", "a/:x/c", { x: "x" }, 4],
    ["a/b", "a/b", {}, 6],
  ])("finds %s by %s", (name, pattern, params, value) => {
    expect(tree.find(name)).toEqual({ pattern, params, value });
  });

  it.each([
    "weather",
    "chat",
    "chat/a/b",
    "games/go/moves",
    "games/go/move/ada",
    "a",
    "constructor",
    "__proto__",
    "a/x/d",
  ])("finds nothing for %s", (name) => {
    expect(tree.find(name)).toBeUndefined();
  });

  it("tries a parameter where the literal segment leads nowhere", () => {
    expect(treeOf("a/b/c", "a/:x/d").find("a/b/d")).toEqual({ pattern: "a/:x/d", params: { x: "b" }, value: 1 });
    expect(treeOf(":p/a/x", ":p/:q/y").find("1/a/y")).toMatchObject({ params: { p: "1", q: "a" } });
    expect(treeOf(":p/:q/x", ":p/a/y/z").find("1/a/w")).toBeUndefined();
  });

  it("looks no deeper than its patterns go", () => {
    expect(tree.find("a/".repeat(100_000))).toBeUndefined();
  });

  it.each(["", "/a", "a/", "a//b", "a b", "chat/:", "chat/:1", "chat/:a-b", "chat/:__proto__", "chat/*", ":a/:a"])(
    "refuses the pattern %j",
    (pattern) => {
      expect(() => treeOf(pattern)).toThrow(expect.objectContaining({ code: "contract/invalid-pattern" }));
    },
  );

  it("refuses two patterns for the same channels", () => {
    const both = 'the same channels as "a/:x"';
    expect(() => treeOf("a/:x", "a/:y")).toThrow(
      expect.objectContaining({ code: "contract/duplicate-pattern", message: expect.stringContaining(both) }),
    );
  });
});
