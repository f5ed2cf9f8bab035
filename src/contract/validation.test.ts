import { describe, expect, it } from "vitest";
import { z } from "zod";
import type { SchemaIssue, StandardSchema } from "./standard-schema.js";
import { validate } from "./validation.js";

const failing = (...issues: SchemaIssue[]): StandardSchema<unknown, never> => ({
  "~standard": { version: 1, vendor: "test", validate: () => ({ issues }) },
});

describe("holding a value against a schema", () => {
  it("gives what the schema makes of it", () => {
    expect(validate(z.string().trim(), " hi ")).toEqual({ isValid: true, value: "hi" });
  });

  it("says where the problem is", () => {
    const schema = z.object({ members: z.array(z.object({ name: z.string("must be text") })) });
    const value = { members: [{ name: "ada" }, { name: 7 }] };
    expect(validate(schema, value)).toEqual({ isValid: false, problem: "members[1].name: must be text" });
  });

  it.each<[SchemaIssue, string]>([
    [{ message: "bad" }, "bad"],
    [{ message: "bad", path: [] }, "bad"],
    [{ message: "bad", path: [0, "a"] }, "[0].a: bad"],
    [{ message: "bad", path: [{ key: "a" }, { key: 2 }] }, "a[2]: bad"],
    [{ message: "bad", path: [Symbol("s")] }, "Symbol(s): bad"],
  ])("can read the issue %o", (issue, problem) => {
    expect(validate(failing(issue), 1)).toEqual({ isValid: false, problem });
  });

  it("tells the first problems and counts the others", () => {
    const issues = ["a", "b", "c", "d", "e"].map((message) => ({ message }));
    expect(validate(failing(...issues), 1)).toEqual({ isValid: false, problem: "a; b; c; and 2 more" });
  });

  it("waits for a schema that takes its time", async () => {
    const schema = z.string().refine(async (text) => text === "yes", "must be yes");
    await expect(validate(asynchronous(schema), "yes")).resolves.toEqual({ isValid: true, value: "yes" });
    await expect(validate(asynchronous(schema), "no")).resolves.toEqual({ isValid: false, problem: "must be yes" });
  });
});

/** Zod answers at once where it can; this answers later always. */
function asynchronous<Output>(schema: StandardSchema<unknown, Output>): StandardSchema<unknown, Output> {
  const { validate: inner, ...rest } = schema["~standard"];
  return { "~standard": { ...rest, validate: (value) => Promise.resolve(inner(value)) } };
}
