import { describe, expect, it } from "vitest";
import { Listeners } from "./listeners.js";

interface Events {
  readonly a: number;
  readonly b: string;
}

function listenersWithErrors(): { listeners: Listeners<Events>; errors: unknown[] } {
  const errors: unknown[] = [];
  return { listeners: new Listeners<Events>({ failed: (error) => void errors.push(error) }), errors };
}

describe("listeners", () => {
  it("are called for their event, in the order they came, until they are taken off", () => {
    const { listeners } = listenersWithErrors();
    const seen: string[] = [];
    const stopFirst = listeners.add("a", (event) => seen.push(`first ${event}`));
    const stopSecond = listeners.add("a", (event) => seen.push(`second ${event}`));
    const stopThird = listeners.add("a", (event) => seen.push(`third ${event}`));
    listeners.add("b", (event) => seen.push(`other ${event}`));
    listeners.call(listeners.by.a, 1);
    stopFirst();
    listeners.call(listeners.by.a, 2);
    stopThird();
    listeners.call(listeners.by.a, 3);
    stopSecond();
    stopSecond();
    listeners.call(listeners.by.a, 4);
    listeners.call(listeners.by.b, "b");
    expect(seen).toEqual(["first 1", "second 1", "third 1", "second 2", "third 2", "second 3", "other b"]);
    expect([listeners.by.a, listeners.by.b]).toEqual([undefined, expect.any(Function)]);
    listeners.clear("b");
    expect(listeners.by.b).toBeUndefined();
  });

  it("that are added or taken off by a listener do not change the round that is under way", () => {
    const { listeners } = listenersWithErrors();
    const seen: string[] = [];
    const stop = listeners.add("a", () => {
      seen.push("first");
      stop();
      listeners.add("a", () => seen.push("new"));
    });
    listeners.add("a", () => seen.push("second"));
    listeners.call(listeners.by.a, 1);
    expect(seen).toEqual(["first", "second"]);
    listeners.call(listeners.by.a, 2);
    expect(seen).toEqual(["first", "second", "second", "new"]);
  });

  it("that throw or reject are told of, and keep nobody else from hearing the event", async () => {
    const { listeners, errors } = listenersWithErrors();
    const seen: number[] = [];
    listeners.add("a", () => {
      throw new Error("thrown");
    });
    listeners.add("a", async () => {
      await Promise.resolve();
      throw new Error("rejected");
    });
    listeners.add("a", async () => Promise.resolve());
    listeners.add("a", (event) => seen.push(event));
    listeners.call(listeners.by.a, 7);
    await new Promise((resolve) => setImmediate(resolve));
    expect(seen).toEqual([7]);
    expect(errors).toEqual([new Error("thrown"), new Error("rejected")]);
  });
});
