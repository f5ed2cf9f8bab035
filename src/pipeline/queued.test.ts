import { describe, expect, it } from "vitest";
import { queueDefaults, queued, queueSettings, type QueueOptions } from "./queued.js";

describe("a queued processor", () => {
  it("has its options, or the defaults", () => {
    const processor = (message: unknown) => message;
    expect(queued(processor)).toEqual({ kind: "queued", processor, options: {} });
    expect(queueSettings({ attemptsMax: 3, backoff: { firstMs: 5 } })).toEqual({
      ...queueDefaults,
      attemptsMax: 3,
      backoff: { ...queueDefaults.backoff, firstMs: 5 },
    });
  });

  it("is processed by channel, where no key is chosen", () => {
    expect(queueDefaults.key(1, { channel: "a/1", params: {}, principal: {} })).toBe("a/1");
  });

  it.each<[string, object]>([
    ["no attempts", { attemptsMax: 0 }],
    ["half a place", { parallelMax: 0.5 }],
    ["another way to fail", { onFailure: "stop" }],
    ["a backoff that shrinks", { backoff: { factor: 0.5 } }],
    ["a backoff of nothing", { backoff: { firstMs: 0 } }],
    ["a backoff without end", { backoff: { longestMs: Infinity } }],
  ])("is refused with %s", (_name, options) => {
    const wrong = options as QueueOptions<unknown, unknown, unknown>;
    expect(() => queued(() => 1, wrong)).toThrow(expect.objectContaining({ code: "pipeline/invalid-queue" }));
  });
});
