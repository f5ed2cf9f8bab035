import { describe, expect, it } from "vitest";
import { Inbox } from "./inbox.js";

const item = (value: number) => ({ done: false, value });
const end = { done: true, value: undefined };

describe("an inbox", () => {
  it("gives items in order, to a reader that waits or comes later", async () => {
    const inbox = new Inbox<number>({ itemsMax: 3, onReturn: () => expect.unreachable() });
    const waiting = [inbox.next(), inbox.next()];
    inbox.push(1);
    inbox.push(2);
    inbox.push(3);
    inbox.push(4);
    expect(inbox.length).toBe(2);
    await expect(Promise.all([...waiting, inbox.next(), inbox.next()])).resolves.toEqual([1, 2, 3, 4].map(item));
  });

  it("takes no more than it may, and says so", () => {
    const inbox = new Inbox<number>({ itemsMax: 1, onReturn: () => {} });
    expect(inbox.push(1)).toBe(true);
    expect(inbox.push(2)).toBe(false);
    expect(inbox.length).toBe(1);
  });

  it("tells when the last item that waited was taken", async () => {
    let drains = 0;
    const inbox = new Inbox<number>({ itemsMax: 2, onDrained: () => drains++, onReturn: () => {} });
    inbox.push(1);
    inbox.push(2);
    await inbox.next();
    expect(drains).toBe(0);
    await inbox.next();
    expect(drains).toBe(1);
  });

  it("keeps only the latest for a reader that wants to know how it is now", async () => {
    const replacing = { keyOf: () => undefined, merge: (_: number, newer: number) => newer };
    const inbox = new Inbox<number>({ itemsMax: 1, replacing, onReturn: () => {} });
    expect([inbox.push(1), inbox.push(2), inbox.length]).toEqual([true, true, 1]);
    await expect(inbox.next()).resolves.toEqual(item(2));
  });

  it("keeps the latest of each key, where it came last, with what it takes over of the older ones", async () => {
    const replacing = { keyOf: (n: number) => n % 10, merge: (older: number, newer: number) => older + newer };
    const inbox = new Inbox<number>({ itemsMax: 2, replacing, onReturn: () => {} });
    expect([11, 2, 21, 3].map((n) => inbox.push(n))).toEqual([true, true, true, false]);
    await expect(Promise.all([inbox.next(), inbox.next()])).resolves.toEqual([2, 32].map(item));
  });

  it("ends behind what waits; what comes later is dropped", async () => {
    const inbox = new Inbox<number>({ itemsMax: 2, onReturn: () => {} });
    inbox.push(1);
    inbox.end();
    expect(inbox.push(2)).toBe(true);
    await expect(Promise.all([inbox.next(), inbox.next(), inbox.next()])).resolves.toEqual([item(1), end, end]);
  });

  it("tells its error once, behind what waits", async () => {
    const inbox = new Inbox<number>({ itemsMax: 2, onReturn: () => {} });
    inbox.push(1);
    inbox.end(new Error("over"));
    await expect(inbox.next()).resolves.toEqual(item(1));
    await expect(inbox.next()).rejects.toThrow("over");
    await expect(inbox.next()).resolves.toEqual(end);
  });

  it("gives its error to the first reader that waits and the end to the others", async () => {
    const inbox = new Inbox<number>({ itemsMax: 2, onReturn: () => {} });
    const readers = Promise.allSettled([inbox.next(), inbox.next()]);
    inbox.end(new Error("over"));
    await expect(readers).resolves.toMatchObject([{ status: "rejected" }, { status: "fulfilled", value: end }]);
  });

  it("tells once that its reader left the loop", async () => {
    let returns = 0;
    const inbox = new Inbox<number>({ itemsMax: 2, onReturn: () => returns++ });
    inbox.push(1);
    inbox.push(2);
    const seen: number[] = [];
    for await (const value of inbox) {
      seen.push(value);
      break;
    }
    await inbox.return();
    expect([seen, returns, inbox.length]).toEqual([[1], 1, 0]);
    await expect(inbox.next()).resolves.toEqual(end);
  });

  it("ends when its signal is aborted, also when that was before", async () => {
    let returns = 0;
    const controller = new AbortController();
    const inbox = new Inbox<number>({ itemsMax: 2, onReturn: () => returns++ });
    inbox.endWith(controller.signal);
    const reader = inbox.next();
    controller.abort();
    await expect(reader).resolves.toEqual(end);
    const late = new Inbox<number>({ itemsMax: 2, onReturn: () => returns++ });
    late.endWith(controller.signal);
    await expect(late.next()).resolves.toEqual(end);
    expect(returns).toBe(2);
  });

  it("lets go of its signal when it ends", () => {
    const controller = new AbortController();
    let returns = 0;
    const inbox = new Inbox<number>({ itemsMax: 2, onReturn: () => returns++ });
    inbox.endWith(controller.signal);
    inbox.end();
    inbox.endWith(controller.signal);
    controller.abort();
    expect(returns).toBe(0);
  });
});
