import { expect, it } from "vitest";
import { call } from "./call.js";
import { contract } from "./contract.js";
import { isOperatorCall, operatorCalls } from "./operator-calls.js";
import { validate } from "./validation.js";

const any = { "~standard": { version: 1, vendor: "other", validate: (value: unknown) => ({ value }) } } as const;

it("operators' calls are told from those of an application", () => {
  expect(isOperatorCall(calls["operate/redrive"])).toBe(true);
  expect(isOperatorCall(call({ input: any, output: any }))).toBe(false);
});

const calls = operatorCalls(["operator"]);

it("operators' calls are calls of a contract, for these roles alone", () => {
  const app = contract({ ...calls });
  expect(app.matchCall("operate/redrive")?.definition.allow).toEqual({ call: ["operator"] });
  expect(app.fingerprint).toBe(contract({ ...operatorCalls(["others"]) }).fingerprint);
});

it("their inputs have members of these types, or none; others are left out", () => {
  const { input } = calls["operate/dead-letters"];
  expect(validate(input, { queue: "a", max: 5, more: 1 })).toEqual({ isValid: true, value: { queue: "a", max: 5 } });
  expect(validate(input, {})).toEqual({ isValid: true, value: {} });
  expect(validate(input, { queue: 5 })).toEqual({ isValid: false, problem: "queue: must be a string" });
  expect(validate(input, null)).toEqual({ isValid: false, problem: "must be an object" });
  const inherited = JSON.parse('{"toString": 1}');
  expect(validate(calls["operate/redrive"].input, { ...inherited, data: [1] })).toEqual({
    isValid: true,
    value: { data: [1] },
  });
});

it("their outputs are what the server says", () => {
  expect(validate(calls["operate/pipeline"].output, { snapshot: 1 })).toEqual({
    isValid: true,
    value: { snapshot: 1 },
  });
});
