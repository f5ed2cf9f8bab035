import { expect, it } from "vitest";
import { Roster } from "./roster.js";

const ada = { member: "m1", id: "ada", state: null };
const grace = { member: "m2", id: "grace", state: null };
const here = (roster: Roster): string[] => roster.members.map(({ id, state }) => `${id}:${String(state)}`);

it("a roster follows who comes and goes, and keeps the order", () => {
  const roster = new Roster();
  expect(roster.isKnown).toBe(false);
  roster.apply({ push: "presence", channel: "a", members: [ada] });
  roster.apply({ push: "presence", channel: "a", joined: [grace], left: [] });
  expect([roster.isKnown, here(roster)]).toEqual([true, ["ada:null", "grace:null"]]);
  roster.apply({ push: "presence", channel: "a", joined: [{ ...ada, state: "away" }], left: ["m2", "m9"] });
  expect(here(roster)).toEqual(["ada:away"]);
});

it("everybody at once takes the place of what was known, and a subscription's end of all", () => {
  const roster = new Roster();
  roster.apply({ push: "presence", channel: "a", members: [ada] });
  roster.apply({ push: "presence", channel: "a", members: [grace] });
  expect(here(roster)).toEqual(["grace:null"]);
  roster.forget();
  expect([roster.isKnown, here(roster)]).toEqual([false, []]);
});
