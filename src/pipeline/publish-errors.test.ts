import { describe, expect, it } from "vitest";
import { BusbarError } from "../kernel/errors.js";
import { wireError } from "../wire/errors.js";
import { asWireError, cutOff, failedToProcess, stopping } from "./publish-errors.js";

describe("what a publisher is told", () => {
  it("is what it was, where that is for publishers", () => {
    const refused = wireError("message/invalid", "no text");
    expect(asWireError(refused)).toBe(refused);
    expect(() => failedToProcess(refused)).toThrow(refused);
  });

  it("is whose fault it is otherwise, with the cause for the log", () => {
    const repeat = new BusbarError("hub/unknown-repeat", "older than what is remembered");
    expect(asWireError(repeat)).toMatchObject({ code: "publish/unknown-repeat", cause: repeat });
    const broken = new Error("no disk");
    expect(asWireError(broken)).toMatchObject({ code: "server/log-unavailable", retryAfterMs: 1000, cause: broken });
    expect(() => failedToProcess(broken)).toThrow(expect.objectContaining({ code: "message/failed", cause: broken }));
  });

  it("says whether to come again", () => {
    expect(cutOff()).toMatchObject({ code: "publish/out-of-turn", retryAfterMs: 1000 });
    expect(stopping()).toMatchObject({ code: "server/stopping" });
  });
});
