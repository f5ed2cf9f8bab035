import { describe, expect, it } from "vitest";
import { compressionOf, limitDefaults, limitsOf, socketLimitsOf } from "./options.js";

describe("options", () => {
  it("have the defaults of the one table", () => {
    expect(limitsOf({})).toEqual(limitDefaults);
    expect(socketLimitsOf({})).toEqual({
      messageBytesMax: 1024 * 1024,
      fragmentsMax: 1024,
      outboxBytesMax: 1024 * 1024,
      whenFull: "wait",
      closeTimeoutMs: 5000,
      keepaliveIdleMs: 25_000,
      keepaliveTimeoutMs: 10_000,
      deflateFromBytes: 0,
    });
  });

  it("are taken one by one, the others keep their defaults", () => {
    const limits = { messageBytesMax: 7 };
    expect(limitsOf({ limits })).toEqual({ ...limitDefaults, messageBytesMax: 7 });
    expect(socketLimitsOf({ limits, keepalive: { idleMs: 3 }, whenFull: "refuse" })).toMatchObject({
      messageBytesMax: 7,
      whenFull: "refuse",
      keepaliveIdleMs: 3,
      keepaliveTimeoutMs: 10_000,
    });
  });

  it("turn the keepalive off with `false`", () => {
    expect(socketLimitsOf({ keepalive: false }).keepaliveIdleMs).toBe(0);
  });

  it.each([
    [undefined, undefined],
    [false, undefined],
    [true, { level: 1, fromBytes: 1024, contextTakeover: false }],
    [{}, { level: 1, fromBytes: 1024, contextTakeover: false }],
    [{ level: 9 }, { level: 9, fromBytes: 1024, contextTakeover: false }],
  ])("take the compression %j for %j", (compression, expected) => {
    expect(compressionOf(compression === undefined ? {} : { compression })).toEqual(expected);
  });

  it("compress from the size on that was chosen", () => {
    expect(socketLimitsOf({ compression: { fromBytes: 5 } }).deflateFromBytes).toBe(5);
  });
});
