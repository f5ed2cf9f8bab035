import { describe, expect, it } from "vitest";
import { thenDo } from "./later.js";

describe("a value that is there or comes", () => {
  it("is gone on with at once where it is there", () => {
    expect(thenDo(1, (value) => value + 1)).toBe(2);
  });

  it("is gone on with when it has come", async () => {
    const later = thenDo(Promise.resolve(1), (value) => value + 1);
    expect(later).toBeInstanceOf(Promise);
    expect(await later).toBe(2);
  });
});
