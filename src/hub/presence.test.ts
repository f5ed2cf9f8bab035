import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Presence } from "./presence.js";

const member = (name: string, state: unknown = null) => ({ member: name, id: "ada", state });

describe("presence", () => {
  it("knows who is there, in the order they came", () => {
    const presence = new Presence();
    presence.join(member("b"));
    presence.join(member("a"));
    presence.join(member("b", 2));
    expect(presence.show()).toEqual([member("b", 2), member("a")]);
    expect([presence.size, presence.has("a"), presence.has("c")]).toEqual([2, true, false]);
    presence.leave("b");
    expect(presence.show()).toEqual([member("a")]);
  });

  it("gives the same list until something changes", () => {
    const presence = new Presence();
    presence.join(member("a"));
    const all = presence.show();
    presence.leave("nobody");
    expect(presence.show()).toBe(all);
    presence.join(member("a"));
    expect(presence.show()).not.toBe(all);
  });

  it("leaves out of the changes who came and went in between", () => {
    const presence = new Presence();
    presence.join(member("a"));
    presence.join(member("b"));
    presence.leave("a");
    expect(presence.takeChanges()).toEqual({ joined: [member("b")], left: [] });
    expect(presence.takeChanges()).toEqual({ joined: [], left: [] });
  });

  it("tells that somebody left who came in between, where somebody was shown them", () => {
    const presence = new Presence();
    presence.join(member("a"));
    presence.show();
    presence.join(member("b"));
    presence.leave("a");
    presence.leave("b");
    expect(presence.takeChanges()).toEqual({ joined: [], left: ["a"] });
  });

  it("tells who left and came again with the new state", () => {
    const presence = new Presence();
    presence.join(member("a", 1));
    presence.takeChanges();
    presence.leave("a");
    presence.join(member("a", 2));
    expect(presence.takeChanges()).toEqual({ joined: [member("a", 2)], left: [] });
  });

  it("changes from one list to the next by what it tells", () => {
    const step = fc.record({
      name: fc.constantFrom("a", "b", "c"),
      act: fc.constantFrom("join", "leave", "take", "show"),
      state: fc.nat(2),
    });
    fc.assert(
      fc.property(fc.array(step), (steps) => {
        const presence = new Presence();
        // Everybody who was shown the members at some time, and told all changes from then on.
        const followers = [new Map<string, unknown>()];
        for (const { act, name, state } of [...steps, { act: "take", name: "", state: 0 }]) {
          if (act === "join") presence.join(member(name, state));
          else if (act === "leave") presence.leave(name);
          else if (act === "show") followers.push(new Map(presence.show().map((here) => [here.member, here])));
          else {
            const { joined, left } = presence.takeChanges();
            for (const follower of followers) {
              for (const gone of left) follower.delete(gone);
              for (const here of joined) follower.set(here.member, here);
            }
          }
        }
        for (const follower of followers) expect(new Map(presence.members)).toEqual(follower);
      }),
    );
  });
});
