import { expect, it } from "vitest";
import type { Stage } from "../wire/messages.js";
import { Followers } from "./stages.js";

it("followers are told of their message's stages, until its end or theirs", () => {
  const followers = new Followers();
  const seen: [string, Stage["stage"]][] = [];
  const stop = followers.add("a", ({ stage }) => void seen.push(["one", stage]));
  followers.add("a", ({ stage }) => void seen.push(["two", stage]));
  followers.tell("a", { stage: "processing", attempt: 1 });
  followers.tell("b", { stage: "dead" });
  stop();
  stop();
  followers.tell("a", { stage: "dropped" });
  followers.tell("a", { stage: "dropped" });
  expect(seen).toEqual([
    ["one", "processing"],
    ["two", "processing"],
    ["two", "dropped"],
  ]);
  expect(followers.size).toBe(0);
});

it("who stops following twice does not stop others who came meanwhile", () => {
  const followers = new Followers();
  const stop = followers.add("a", () => {});
  stop();
  expect(followers.size).toBe(0);
  followers.add("a", () => {});
  stop();
  expect(followers.size).toBe(1);
});
