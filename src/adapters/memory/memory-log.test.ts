import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Message, Retention } from "../../hub/store.js";
import { costOf, MemoryLog } from "./memory-log.js";

const draft = (payload: string, at = 1) => ({ payload, from: "ada", at, origin: undefined });
const everything = { after: 0, until: Number.MAX_SAFE_INTEGER, messagesMax: 1_000_000, bytesMax: 1e12 };

function logWith(retention: Partial<Retention> = {}): MemoryLog {
  return new MemoryLog({
    channel: "a",
    epoch: "e",
    retention: { keep: 1_000_000, forMs: Infinity, bytesMax: Infinity, ...retention },
    window: { windowMs: 600_000, windowMessagesMax: 100 },
  });
}

/** Append and give back what is in the log then. */
function append(log: MemoryLog, payload: string, at = 1): Message {
  const appended = log.append(draft(payload, at));
  if (appended.kind !== "appended") throw new Error(`it was ${appended.kind}`);
  return appended.message;
}

const offsetsOf = (log: MemoryLog, now = 0): number[] => log.read(everything, now).map(({ offset }) => offset);

describe("a log in memory", () => {
  it("keeps the newest messages, whatever is appended, dropped, read and asked to be kept", () => {
    const steps = fc.array(
      fc.oneof(
        { weight: 4, arbitrary: fc.constant("append" as const) },
        { weight: 2, arbitrary: fc.constant("drop" as const) },
        { weight: 1, arbitrary: fc.nat(12) },
      ),
      { maxLength: 60, size: "max" },
    );
    fc.assert(
      fc.property(steps, fc.nat(9), fc.nat(30), (all, keep, after) => {
        const log = logWith({ keep });
        let model: string[] = [];
        let bound = keep;
        for (const step of all) {
          if (step === "append") model.push(append(log, `"${log.head}"`).payload);
          else if (step === "drop") log.letGo(0, 1000);
          else {
            // What was let go of by a smaller bound only in name would be there again with a larger one.
            log.letGo(0, 1000);
            bound = step;
            log.retention = { ...log.retention, keep: bound };
          }
          model = bound === 0 ? [] : model.slice(-bound);
          const first = log.head - model.length + 1;
          const expected = model.map((payload, index) => ({
            channel: "a",
            offset: first + index,
            payload,
            from: "ada",
            at: 1,
          }));
          expect(log.read({ ...everything, after }, 0)).toEqual(expected.filter(({ offset }) => offset > after));
        }
        log.letGo(0, 1000);
        expect(log.length).toBe(model.length);
        expect(log.bytes).toBe(model.reduce((sum, payload) => sum + costOf({ payload, from: "ada" }), 0));
      }),
    );
  });

  it("reads up to an offset, a number of messages or a size, and one message always", () => {
    const log = logWith();
    for (let index = 0; index < 20; index++) append(log, "0");
    const offsets = (range: Partial<typeof everything>) =>
      log.read({ ...everything, ...range }, 0).map(({ offset }) => offset);
    expect(offsets({ after: 3, until: 5 })).toEqual([4, 5]);
    expect(offsets({ after: 3, messagesMax: 2 })).toEqual([4, 5]);
    expect(offsets({ after: 3, bytesMax: costOf(draft("0")) + 1 })).toEqual([4, 5]);
    expect(offsets({ after: 3, bytesMax: 1 })).toEqual([4]);
    expect(offsets({ after: 20 })).toEqual([]);
  });

  it("gives every reader the very same object", () => {
    const log = logWith({ keep: 1 });
    const message = append(log, "0");
    expect(log.read(everything, 0)[0]).toBe(message);
  });

  it("gives nothing that is too old, also before it has let go of it", () => {
    const log = logWith({ forMs: 100 });
    for (const at of [0, 50, 100, 150]) append(log, "0", at);
    expect(offsetsOf(log, 100)).toEqual([1, 2, 3, 4]);
    expect(offsetsOf(log, 151)).toEqual([3, 4]);
    expect(log.length).toBe(4);
    log.letGo(151, 1);
    expect(log.length).toBe(3);
    log.letGo(10_000, 64);
    expect([log.length, log.bytes, log.head]).toEqual([0, 0, 4]);
    expect(append(log, "0", 10_000).offset).toBe(5);
    expect(offsetsOf(log, 10_000)).toEqual([5]);
  });

  it("has times that never go back", () => {
    const log = logWith({ forMs: 100 });
    append(log, "0", 1000);
    expect(append(log, "0", 500).at).toBe(1000);
    expect(offsetsOf(log, 1050)).toEqual([1, 2]);
  });

  it("lets go of what is more than its bytes, but for the newest message", () => {
    const log = logWith({ bytesMax: 10 });
    for (const payload of ["12345", "12345", "12345"]) append(log, payload);
    log.letGo(0, 64);
    expect(offsetsOf(log)).toEqual([2, 3]);
    append(log, "12345678901234567890");
    log.letGo(0, 64);
    expect(offsetsOf(log)).toEqual([4]);
  });

  it("keeps its order while what is no longer to be kept is let go of in steps", () => {
    for (const steps of [1, 18, 19, 20]) {
      const log = logWith();
      for (let index = 0; index < 20; index++) append(log, "0");
      log.retention = { ...log.retention, keep: 0 };
      log.letGo(0, steps);
      append(log, "0");
      expect(offsetsOf(log)).toEqual([]);
      log.retention = { ...log.retention, keep: 100 };
      append(log, "0");
      const offsets = offsetsOf(log);
      expect(offsets).toEqual(offsets.map((_, index) => 23 - offsets.length + index));
      expect(offsets.at(-1)).toBe(22);
    }
  });

  it("touches a bounded number of messages with each call, however many there are", () => {
    const length = 20_000;
    const log = logWith({ forMs: 100 });
    let touched = 0;
    for (let index = 0; index < length; index++) {
      const message = append(log, "0", 1);
      Object.defineProperty(message, "at", { get: () => (touched++, 1) });
    }
    const touchesOf = (work: () => unknown): number => {
      touched = 0;
      work();
      return touched;
    };
    const logarithm = Math.ceil(Math.log2(length)) + 1;
    const range = { after: length / 2, until: length, messagesMax: 10, bytesMax: 1e9 };
    expect(touchesOf(() => log.read(range, 50))).toBeGreaterThan(1);
    expect(touchesOf(() => log.read(range, 50))).toBeLessThanOrEqual(logarithm + 10);
    expect(touchesOf(() => log.append(draft("0", 1000)))).toBe(0);
    expect(touchesOf(() => log.letGo(1000, 64))).toBe(64);
    expect(log.length).toBe(length + 1 - 64);
    expect(touchesOf(() => expect(log.read({ ...everything }, 1000)).toHaveLength(1))).toBeLessThanOrEqual(logarithm);
  });
});
