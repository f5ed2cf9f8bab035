import fc from "fast-check";
import { expect, it } from "vitest";
import { Pace } from "./pace.js";

it("two thirds of a second's commands leave at once, and the others as time passes", () => {
  const pace = new Pace(100, 0);
  const atOnce = Array.from({ length: 80 }, () => pace.take(10, 0)).filter((waitMs) => waitMs === 0);
  expect(atOnce).toHaveLength(67);
  expect(pace.take(10, 0)).toBe(10);
  expect([pace.take(10, 9), pace.take(10, 10), pace.take(10, 10)]).toEqual([1, 0, 10]);
});

it("a long command counts for several", () => {
  const pace = new Pace(150, 0);
  expect(Array.from({ length: 10 }, () => pace.take(65_536, 0)).filter((waitMs) => waitMs === 0)).toHaveLength(7);
});

it("even the longest command leaves when nothing else does", () => {
  const pace = new Pace(1, 0);
  expect([pace.take(1e9, 0), pace.take(1e9, 500), pace.take(1e9, 1_000)]).toEqual([0, 500, 0]);
});

/** A server's buckets as docs/protocol.md has them: 200 commands a second and 400 at once, 1 MiB a second. */
it("what is sent as soon as it may stays below a server's limits", () => {
  const lengths = fc.array(fc.integer({ min: 50, max: 65_536 }), { minLength: 300, maxLength: 600 });
  fc.assert(
    fc.property(lengths, (commands) => {
      const pace = new Pace(150, 0);
      let nowMs = 0;
      const sent: { readonly atMs: number; readonly bytes: number }[] = [];
      for (const bytes of commands) {
        for (let waitMs = pace.take(bytes, nowMs); waitMs > 0; waitMs = pace.take(bytes, nowMs)) nowMs += waitMs;
        sent.push({ atMs: nowMs, bytes });
      }
      let [count, length, beforeMs] = [400, 1_048_576, 0];
      for (const { atMs, bytes } of sent) {
        count = Math.min(400, count + ((atMs - beforeMs) * 200) / 1_000) - 1;
        length = Math.min(1_048_576, length + ((atMs - beforeMs) * 1_048_576) / 1_000) - bytes;
        beforeMs = atMs;
        if (count < 0 || length < 0) return false;
      }
      return true;
    }),
    { numRuns: 100 },
  );
});
