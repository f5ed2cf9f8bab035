import { describe, expect, it } from "vitest";
import { z } from "zod";
import { call } from "../contract/call.js";
import { channel } from "../contract/channel.js";
import { contract } from "../contract/contract.js";
import { operatorCalls } from "../contract/operator-calls.js";
import { policy, type Rule } from "./policy.js";
import { bind } from "./rule-binding.js";

const any = z.unknown();
const app = contract({
  "chat/:room": channel({ message: any }),
  "team/:team/:room": channel({ message: any }),
  "team/red/:room": channel({ message: any }),
  ":kind/time": call({ input: any, output: any }),
  "chat/time": call({ input: any, output: any }),
  ...operatorCalls(["operator"]),
});

const bound = (rule: Rule): unknown[] => {
  const [read] = policy({ roles: { member: { allow: [rule] } } }).rules;
  return read === undefined
    ? []
    : bind(read, app).map(({ action, fixed, pattern }) => [action, pattern, ...fixed.map((one) => one.join("="))]);
};
const refused = (rule: Rule) =>
  expect(() => bound(rule)).toThrow(expect.objectContaining({ code: "policy/invalid", message: expect.any(String) }));
const messageOf = (rule: Rule): string => {
  try {
    return `none: ${bound(rule).length}`;
  } catch (error) {
    return error instanceof Error ? error.message : "";
  }
};

describe("a rule", () => {
  it("is about the contract's pattern", () => {
    expect(bound({ do: ["subscribe", "publish"], on: "chat/:room" })).toEqual([
      ["subscribe", "chat/:room"],
      ["publish", "chat/:room"],
    ]);
  });

  it("can write out parameters, and means what the contract means by that", () => {
    expect(bound({ do: "publish", on: ["chat/lobby", "team/blue/:room", "team/red/:room", "team/red/a"] })).toEqual([
      ["publish", "chat/:room", "room=lobby"],
      ["publish", "team/:team/:room", "team=blue"],
      ["publish", "team/red/:room"],
      ["publish", "team/red/:room", "room=a"],
    ]);
  });

  it("is about a channel and a call where both have the name", () => {
    expect(bound({ do: ["subscribe", "call"], on: "chat/time" })).toEqual([
      ["subscribe", "chat/:room", "room=time"],
      ["call", "chat/time"],
    ]);
  });

  it("can be about everything that there is", () => {
    expect(bound({ do: "publish", on: "*" })).toEqual([
      ["publish", "chat/:room"],
      ["publish", "team/:team/:room"],
      ["publish", "team/red/:room"],
    ]);
    expect(bound({ do: "*", on: ["chat/:room", ":kind/time", "operate/redrive"] })).toEqual([
      ["subscribe", "chat/:room"],
      ["publish", "chat/:room"],
      ["presence", "chat/:room"],
      ["history", "chat/:room"],
      ["operate", "chat/:room"],
      ["call", ":kind/time"],
      ["operate", "operate/redrive"],
    ]);
  });

  it("is refused where the contract has nothing of the name", () => {
    refused({ do: "publish", on: "caht/:room" });
    expect(messageOf({ do: "publish", on: "caht/:room" })).toBe(
      'roles.member.allow[0] (publish on "caht/:room"): the contract has no "caht/:room": it has "chat/:room", ' +
        '"team/:team/:room", "team/red/:room", ":kind/time", "chat/time", "operate/dead-letters", "operate/redrive", ' +
        '"operate/discard", "operate/pipeline"',
    );
  });

  it.each([
    ["publish", "chat/:r", '"chat/:r" is "chat/:room" in the contract: name its parameters as that does'],
    ["publish", "chat/a b", '"chat/a b" has the segment "a b"'],
    ["publish", "team/:room/:room", "names a parameter twice"],
    ["publish", "operate/redrive", 'publish: "operate/redrive" has nothing of that'],
    ["call", "operate/redrive", 'call: "operate/redrive" has nothing of that'],
    ["call", "chat/:room", 'call: "chat/:room" has nothing of that'],
  ] as const)("that has to %s on %s is refused", (action, on, message) => {
    refused({ do: action, on });
    expect(messageOf({ do: action, on })).toContain(message);
  });

  it("is refused where an action is possible on none of its patterns, or a bound parameter is in none", () => {
    expect(messageOf({ do: ["publish", "call"], on: "chat/:room" })).toContain(
      "there is no call on any of these: take it out",
    );
    expect(messageOf({ do: "publish", on: ["chat/:room", "team/:team/:room"], where: { team: "id" } })).toContain(
      'where.team is no parameter of "chat/:room"',
    );
    expect(messageOf({ do: "publish", on: "chat/lobby", where: { room: "id" } })).toContain(
      'where.room is no parameter of "chat/lobby"',
    );
    expect(bound({ do: "publish", on: "team/blue/:room", where: { room: "claims.room" } })).toHaveLength(1);
  });
});
