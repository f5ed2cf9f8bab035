import { describe, expect, it } from "vitest";
import { assert, AssertionError, BusbarError, unreachable } from "./errors.js";

describe("a busbar error", () => {
  it("carries its code, whether trying again can help, and its cause", () => {
    const cause = new Error("inner");
    const error = new BusbarError("area/what", "what went wrong", { retryable: true, cause });
    expect(error).toMatchObject({ name: "BusbarError", code: "area/what", retryable: true, cause });
  });

  it("is not worth a second try and has no cause unless told so", () => {
    const error = new BusbarError("area/what", "what went wrong");
    expect(error.retryable).toBe(false);
    expect("cause" in error).toBe(false);
  });
});

describe("an assertion", () => {
  it("lets a true condition pass and throws on a false one", () => {
    assert(1 < 2, "order of numbers");
    expect(() => assert(2 < 1, "order of numbers")).toThrow(AssertionError);
  });

  it("names the value that no branch expected", () => {
    const stranger = "stranger" as never;
    expect(() => unreachable(stranger)).toThrow("unreachable: stranger");
  });
});
