import { expect, it } from "vitest";
import { commitCause, storeError } from "./store-error.js";

it.each([
  [Object.assign(new Error("x"), { code: "ENOSPC" }), "store/full"],
  [Object.assign(new Error("x"), { code: 28 }), "store/full"],
  [Object.assign(new Error("x"), { code: -30_792 }), "store/full"],
  [new Error("MDB_MAP_FULL: too much"), "store/full"],
  [new Error("Input/output error"), "store/failed"],
  ["nonsense", "store/failed"],
])("%s is %s, and can be tried again", (cause, code) => {
  expect(storeError(cause)).toMatchObject({ code, retryable: true, cause });
});

it("what a commit was rejected for is in a promise of its error, if it is there", async () => {
  const cause = new Error("No space left on device");
  expect(await commitCause(Object.assign(new Error("Commit failed"), { commitError: Promise.reject(cause) }))).toBe(
    cause,
  );
  const odd = Object.assign(new Error("Commit failed"), { commitError: Promise.resolve() });
  expect(await commitCause(odd)).toBe(odd);
  expect(await commitCause(cause)).toBe(cause);
});
