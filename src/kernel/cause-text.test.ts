import { describe, expect, it } from "vitest";
import { causeText } from "./cause-text.js";
import { BusbarError } from "./errors.js";

describe("the text of an error for a log", () => {
  it("names what led to it", () => {
    const error = new BusbarError("hub/not-appended", "cannot write", { cause: new TypeError("disk full") });
    expect(causeText(error)).toBe("BusbarError: cannot write <- TypeError: disk full");
  });

  it.each([
    [new Error("two\n  lines"), "Error: two lines"],
    ["text", "text"],
    [null, "null"],
    [undefined, ""],
    [Object.create(null), "an unprintable value"],
  ])("can tell %o", (thrown, text) => {
    expect(causeText(thrown)).toBe(text);
  });

  it("does not follow a circle", () => {
    const error = new Error("round");
    error.cause = error;
    expect(causeText(error).split(" <- ")).toHaveLength(5);
  });
});
