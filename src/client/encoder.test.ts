import { describe, expect, it } from "vitest";
import { WireError } from "../wire/errors.js";
import { jsonEncoder } from "./encoder.js";

const publish = (data: unknown) => ({ id: 1, do: "publish", channel: "a", data }) as const;

describe("the encoder of busbar.v1", () => {
  it("writes a command as one JSON object", () => {
    expect(jsonEncoder.subprotocol).toBe("busbar.v1");
    expect(JSON.parse(jsonEncoder.encode(publish("x"), 1_000))).toEqual(publish("x"));
  });

  it("counts bytes, not characters, against the limit", () => {
    const bytes = new TextEncoder().encode(JSON.stringify(publish("ü€😀"))).length;
    expect(() => jsonEncoder.encode(publish("ü€😀"), bytes)).not.toThrow();
    expect(() => jsonEncoder.encode(publish("ü€😀"), bytes - 1)).toThrow(
      expect.objectContaining({ code: "message/too-large", retryable: false }),
    );
  });

  it("refuses what is not JSON before anything is sent", () => {
    const circle: unknown[] = [];
    circle.push(circle);
    expect(() => jsonEncoder.encode(publish(circle), 1_000)).toThrow(
      expect.objectContaining({ code: "message/invalid" }),
    );
  });

  it("reads replies and pushes, and gives back the error for anything else", () => {
    expect(jsonEncoder.decode('{"push":"goodbye","retryAfterMs":5}')).toEqual({ push: "goodbye", retryAfterMs: 5 });
    expect(jsonEncoder.decode("[]")).toBeInstanceOf(WireError);
  });
});
