import { describe, expect, it } from "vitest";
import { z } from "zod";
import { call } from "../contract/call.js";
import { channel } from "../contract/channel.js";
import { contract } from "../contract/contract.js";
import { operatorCalls } from "../contract/operator-calls.js";
import type { Action } from "./action.js";
import { explain, meaningOf, type Explanation } from "./explanation.js";
import { policy } from "./policy.js";
import type { Principal } from "./principal.js";
import { Rulebook } from "./rulebook.js";

const any = z.unknown();
const app = contract({
  "chat/:room": channel({ message: any, allow: { publish: ["member"] } }),
  "time/:zone": call({ input: any, output: any, allow: { call: ["member"] } }),
  ...operatorCalls(["operator"]),
});
const rules = policy({ roles: { admin: { inherits: ["member", "operator"] } } });
const rulebook = new Rulebook(app, rules, () => {});
const ada: Principal = { id: "ada", roles: ["admin"], claims: {}, expiresAtMs: undefined };
const why = (action: Action, name: string, principal = ada): Explanation =>
  explain({ principal, action, name }, app, rulebook);

describe("an explanation", () => {
  it("says which rule decided, and by which role", () => {
    expect(why("publish", "chat/a")).toEqual({
      isAllowed: true,
      principal: "ada",
      action: "publish",
      name: "chat/a",
      pattern: "chat/:room",
      rule: 'allow.publish of "chat/:room"',
      path: ["admin", "member"],
      text: 'ada may publish chat/a: allow.publish of "chat/:room", by its role admin, which inherits from member',
    });
    expect(why("call", "time/utc", { ...ada, roles: ["member"] }).text).toBe(
      'ada may call time/utc: allow.call of "time/:zone", by its role member',
    );
  });

  it("says that no rule did", () => {
    expect(why("subscribe", "chat/a")).toMatchObject({
      isAllowed: false,
      path: [],
      text: 'ada may not subscribe chat/a: no rule allows subscribe on "chat/:room"',
    });
  });

  it.each([
    ["publish", "nowhere"],
    ["publish", "chat/a b"],
    ["publish", "time/utc"],
    ["call", "chat/a"],
    ["call", "operate/redrive"],
  ] as const)("says that there is nothing to %s called %s", (action, name) => {
    expect(why(action, name)).toMatchObject({
      isAllowed: false,
      pattern: undefined,
      rule: `the contract has nothing called "${name}" to ${action}`,
    });
  });
});

it("what operators use are their calls, and channels", () => {
  expect(why("operate", "operate/redrive")).toMatchObject({ isAllowed: true, path: ["admin", "operator"] });
  expect(why("operate", "chat/a")).toMatchObject({ isAllowed: false, pattern: "chat/:room" });
  expect(meaningOf(app, "operate", "time/utc")).toBeUndefined();
  for (const action of ["subscribe", "presence", "history"] as const) {
    expect(meaningOf(app, action, "chat/a")).toMatchObject({ pattern: "chat/:room", params: { room: "a" } });
  }
});
