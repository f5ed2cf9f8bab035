import { describe, expect, it } from "vitest";
import { BusbarError } from "../kernel/errors.js";
import { frameRules, ProtocolError, type FrameErrorCode } from "./errors.js";

describe("a protocol error", () => {
  it("says who broke which rule, with the close code and the section", () => {
    const error = new ProtocolError("message/too-large", "70000 bytes, the limit is 65536");
    expect(error).toBeInstanceOf(BusbarError);
    expect(error).toMatchObject({ code: "message/too-large", by: "remote", closeCode: 1009, retryable: false });
    expect(error.message).toBe("a message is larger than the limit: 70000 bytes, the limit is 65536 (RFC 6455, 7.4.1)");
  });

  it.each(Object.keys(frameRules) as FrameErrorCode[])("%s names a section of an RFC", (code) => {
    expect(new ProtocolError(code).message).toMatch(/ \(RFC (6455|7692), [0-9.]+\)$/);
  });
});
