import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { costOf, MemoryLog } from "./memory-log.js";

const draft = (payload: string) => ({ payload, from: "ada", at: 1 });
const everything = { after: 0, until: Number.MAX_SAFE_INTEGER, messagesMax: 1000, bytesMax: 1e9 };

describe("a log in memory", () => {
  it("keeps the newest messages, whatever is appended, dropped and read", () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom("append", "append", "append", "drop")),
        fc.nat(9),
        fc.nat(30),
        (steps, keep, after) => {
          const log = new MemoryLog("a", "e", keep);
          const model: string[] = [];
          for (const step of steps) {
            if (step === "append") model.push(log.append(draft(`"${log.head}"`)).payload);
            else log.dropOldest();
            if (step === "drop" || model.length > keep) model.shift();
          }
          const first = log.head - model.length + 1;
          const expected = model.map((payload, index) => ({ channel: "a", offset: first + index, ...draft(payload) }));
          expect(log.length).toBe(model.length);
          expect(log.bytes).toBe(expected.reduce((sum, message) => sum + costOf(message), 0));
          expect(log.read({ ...everything, after })).toEqual(expected.filter(({ offset }) => offset > after));
        },
      ),
    );
  });

  it("reads up to an offset, a number of messages or a size, and one message always", () => {
    const log = new MemoryLog("a", "e", 100);
    for (let index = 0; index < 20; index++) log.append(draft("0"));
    const offsets = (range: Partial<typeof everything>) =>
      log.read({ ...everything, ...range }).map(({ offset }) => offset);
    expect(offsets({ after: 3, until: 5 })).toEqual([4, 5]);
    expect(offsets({ after: 3, messagesMax: 2 })).toEqual([4, 5]);
    expect(offsets({ after: 3, bytesMax: costOf(draft("0")) + 1 })).toEqual([4, 5]);
    expect(offsets({ after: 3, bytesMax: 1 })).toEqual([4]);
    expect(offsets({ after: 20 })).toEqual([]);
  });

  it("gives every reader the very same object", () => {
    const log = new MemoryLog("a", "e", 1);
    const message = log.append(draft("0"));
    expect(log.read(everything)[0]).toBe(message);
  });
});
