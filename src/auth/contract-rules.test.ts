import { expect, it } from "vitest";
import { z } from "zod";
import { call } from "../contract/call.js";
import { channel } from "../contract/channel.js";
import { contract } from "../contract/contract.js";
import { operatorCalls } from "../contract/operator-calls.js";
import { contractRules } from "./contract-rules.js";

const any = z.unknown();

it("what a contract allows are rules, one for each role", () => {
  const app = contract({
    "chat/:room": channel({ message: any, allow: { subscribe: ["member", "guest"], publish: ["member"] } }),
    board: channel({ message: any, presence: any, allow: { presence: ["member"] } }),
    silent: channel({ message: any }),
    time: call({ input: any, output: any, allow: { call: ["guest"] } }),
    nothing: call({ input: any, output: any }),
    "operate/pipeline": operatorCalls(["operator"])["operate/pipeline"],
  });
  const told = contractRules(app).map(({ actions, patterns, role, text }) => [role, ...actions, ...patterns, text]);
  expect(told).toEqual([
    ["member", "subscribe", "chat/:room", 'allow.subscribe of "chat/:room"'],
    ["guest", "subscribe", "chat/:room", 'allow.subscribe of "chat/:room"'],
    ["member", "publish", "chat/:room", 'allow.publish of "chat/:room"'],
    ["member", "presence", "board", 'allow.presence of "board"'],
    ["guest", "call", "time", 'allow.call of "time"'],
    ["operator", "operate", "operate/pipeline", 'allow.call of "operate/pipeline"'],
  ]);
});
