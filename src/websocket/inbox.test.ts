import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { collectGarbage } from "../../test/support/garbage.js";
import { Inbox } from "./inbox.js";

function inboxWithLog(): { inbox: Inbox; rooms: number[] } {
  const rooms: number[] = [];
  const inbox: Inbox = new Inbox({ updateFlow: () => rooms.push(inbox.length) });
  return { inbox, rooms };
}

describe("an inbox", () => {
  it("gives messages out in the order they came, and knows how many wait and whether it is full", () => {
    fc.assert(
      fc.property(fc.array(fc.option(fc.nat(40_000), { nil: undefined })), (steps) => {
        const { inbox } = inboxWithLog();
        const model: Uint8Array[] = [];
        for (const step of steps) {
          if (step === undefined) expect(inbox.shift()).toBe(model.shift());
          else {
            const message = new Uint8Array(step);
            inbox.push(message);
            model.push(message);
          }
          const size = model.reduce((sum, { length }) => sum + length, 0);
          expect([inbox.length, inbox.isFull]).toEqual([model.length, model.length >= 64 || size >= 256 * 1024]);
        }
      }),
    );
  });

  it("does not hold on to messages that were taken, however long it never runs empty", async () => {
    const { inbox } = inboxWithLog();
    const taken: WeakRef<Uint8Array>[] = [];
    for (let round = 0; round < 100; round++) {
      inbox.push(new Uint8Array(1));
      inbox.push(new Uint8Array(1));
      if (round > 0) inbox.shift();
      const message = inbox.shift();
      if (message instanceof Uint8Array) taken.push(new WeakRef(message));
    }
    await collectGarbage();
    expect(taken).toHaveLength(100);
    expect(taken.filter((ref) => ref.deref() !== undefined).length).toBeLessThanOrEqual(1);
    expect(inbox.length).toBe(1);
  });

  it("tells once that it has room again, by number and by size", () => {
    const { inbox, rooms } = inboxWithLog();
    for (let index = 0; index < 66; index++) inbox.push("m");
    while (inbox.shift() !== undefined);
    expect(rooms).toEqual([63]);
    for (let index = 0; index < 4; index++) inbox.push(new Uint8Array(100 * 1024));
    expect(inbox.isFull).toBe(true);
    while (inbox.shift() !== undefined);
    expect(rooms).toEqual([63, 2]);
  });

  it("takes an empty message for a message", async () => {
    const { inbox } = inboxWithLog();
    inbox.push("");
    inbox.push(new Uint8Array(0));
    expect(await inbox.next()).toEqual({ done: false, value: "" });
    expect(await inbox.next()).toEqual({ done: false, value: new Uint8Array(0) });
  });

  it("hands messages to those who wait, the first one first", async () => {
    const { inbox } = inboxWithLog();
    const first = inbox.next();
    const second = inbox.next();
    inbox.push("a");
    inbox.push("b");
    inbox.push("c");
    expect([await first, await second].map(({ value }) => value)).toEqual(["a", "b"]);
    expect([inbox.length, (await inbox.next()).value]).toEqual([1, "c"]);
  });

  it("ends for those who wait, and for others when nothing is left; what comes later is dropped", async () => {
    const { inbox } = inboxWithLog();
    const waiting = inbox.next();
    inbox.end();
    expect(await waiting).toEqual({ done: true, value: undefined });
    const { inbox: other } = inboxWithLog();
    other.push("before");
    other.end();
    other.push("after");
    expect([await other.next(), await other.next(), await other.next()]).toEqual([
      { done: false, value: "before" },
      { done: true, value: undefined },
      { done: true, value: undefined },
    ]);
  });
});
