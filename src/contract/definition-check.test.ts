import * as v from "valibot";
import { expect, it } from "vitest";
import { z } from "zod";
import { requireOptions, requireRoles, requireSchema } from "./definition-check.js";

it("takes the schemas of the libraries that implement Standard Schema", () => {
  expect(() => requireSchema("message", z.string())).not.toThrow();
  expect(() => requireSchema("message", v.string())).not.toThrow();
  expect(() =>
    requireSchema(
      "message",
      Object.assign(() => {}, { "~standard": {} }),
    ),
  ).not.toThrow();
});

it.each([undefined, null, "text", 1, {}, () => {}])("says that %s is no schema, and what to give", (value) => {
  const message =
    "presence is no schema: give one of a library that implements Standard Schema, such as Zod or Valibot";
  expect(() => requireSchema("presence", value)).toThrow(message);
});

it("takes lists of roles, and names what is none", () => {
  expect(() =>
    requireRoles({ publish: ["a"], subscribe: [], presence: undefined }, ["publish", "subscribe", "presence"]),
  ).not.toThrow();
  expect(() => requireRoles({ publish: "a" }, ["publish"])).toThrow("allow.publish is a list of roles' names");
  expect(() => requireRoles({ publish: [1] }, ["publish"])).toThrow("allow.publish is a list of roles' names");
  expect(() => requireRoles({ publsh: [] }, ["publish", "call"])).toThrow(
    "allow.publsh allows nothing: it can have publish, call",
  );
});

it.each([undefined, null, "member", ["member"]])("says that %j are no lists of roles", (allow) => {
  expect(() => requireRoles(allow, ["publish", "subscribe"])).toThrow(
    "allow is an object with lists of roles: publish, subscribe",
  );
});

it("takes options that it knows, and names what it does not know", () => {
  expect(() => requireOptions("call()", { input: 1, output: undefined }, ["input", "output"])).not.toThrow();
  expect(() => requireOptions("call()", { inptu: 1 }, ["input", "output"])).toThrow(
    'call() has no option "inptu": it has input, output',
  );
});

it.each([undefined, null, 1, "text", []])("says that %j are no options", (options) => {
  expect(() => requireOptions("call()", options, ["input", "output"])).toThrow(
    expect.objectContaining({ code: "contract/invalid-option", message: "call() takes an object with input, output" }),
  );
});
