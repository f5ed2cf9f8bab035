import { describe, expect, it } from "vitest";
import { notAppended, notRead, unknownRepeat } from "./log-errors.js";

describe("what a channel's log refuses with", () => {
  it("says whether trying again is of use, and what was the matter", () => {
    const cause = new Error("bad disk");
    expect(notAppended(cause)).toMatchObject({ code: "hub/not-appended", retryable: true, cause });
    expect(unknownRepeat()).toMatchObject({ code: "hub/unknown-repeat", retryable: false });
    expect(() => notRead(cause)).toThrow(expect.objectContaining({ code: "hub/not-read", retryable: true, cause }));
  });
});
