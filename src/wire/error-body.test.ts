import { expect, it } from "vitest";
import { readErrorBody } from "./error-body.js";

it("reads an error's members, and no others", () => {
  const error = { code: "a/b", message: "no", retryable: true, retryAfterMs: 5, reason: { left: 0 } };
  expect(readErrorBody({ error: { ...error, stack: "…" } })).toStrictEqual(error);
  expect(readErrorBody({ error: { code: "a/b", message: "no" } })).toStrictEqual({
    code: "a/b",
    message: "no",
    retryable: false,
  });
});

it.each([
  {},
  { error: 1 },
  { error: { code: 1, message: "" } },
  { error: { code: "", message: "", retryAfterMs: -1 } },
])("refuses %j", (object) => {
  expect(() => readErrorBody(object)).toThrow(expect.objectContaining({ code: "wire/malformed" }));
});
