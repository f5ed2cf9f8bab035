import { describe, expect, it } from "vitest";
import { BusbarError } from "../kernel/errors.js";
import { expectRejection, expectSame, expectThat } from "./expectation.js";

const code = "testing/contract-broken";

describe("an expectation", () => {
  it("says what was expected", () => {
    expectThat(true, "it is so");
    expect(() => expectThat(false, "it is so")).toThrow("expected: it is so");
  });

  it("compares data, whatever the order of the fields", () => {
    expectSame({ a: 1, b: [1, { c: "x", d: undefined }] }, { b: [1, { c: "x" }], a: 1 }, "they are the same");
    expectSame(undefined, undefined, "they are the same");
    for (const [actual, expected] of [
      [1, 2],
      [1, "1"],
      [
        [1, 2],
        [2, 1],
      ],
      [undefined, null],
      [{ a: 1 }, { a: 1, b: 2 }],
      [{ a: 1 }, [1]],
    ] satisfies [unknown, unknown][]) {
      expect(() => expectSame(actual, expected, "they are the same")).toThrow(BusbarError);
    }
    expect(() => expectSame([1], [2], "they are the same")).toThrow(
      "expected: they are the same\n  expected [2]\n  got      [1]",
    );
  });

  it("shows so much of what differs as can be read", () => {
    const long = "x".repeat(10_000);
    expect(() => expectSame(long, "y", "they are the same")).toThrow(/x{400,500}… \(10002 characters\)$/);
  });

  it("can be of a failure", async () => {
    const failing = async (): Promise<never> => {
      throw new BusbarError("store/full", "no room");
    };
    await expectRejection(failing, "store/full", "it is refused");
    await expectRejection(failing, undefined, "it is refused");
    const other = expectRejection(failing, "store/failed", "it is refused");
    await expect(other).rejects.toMatchObject({ code, cause: { code: "store/full" } });
    await expect(expectRejection(async () => 1, undefined, "it is refused")).rejects.toMatchObject({ code });
    const foreign = expectRejection(() => Promise.reject(new Error("other")), "store/full", "it is refused");
    await expect(foreign).rejects.toThrow("got      Error: other");
  });
});
