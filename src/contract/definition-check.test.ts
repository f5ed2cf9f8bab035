import * as v from "valibot";
import { expect, it } from "vitest";
import { z } from "zod";
import { requireRoles, requireSchema } from "./definition-check.js";

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
