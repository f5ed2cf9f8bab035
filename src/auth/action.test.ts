import { expect, it } from "vitest";
import { actions, isAction } from "./action.js";

it("an action is one of six words", () => {
  expect(actions.every(isAction)).toBe(true);
  for (const other of ["*", "read", "Subscribe", "toString", 0, undefined]) expect(isAction(other)).toBe(false);
});
