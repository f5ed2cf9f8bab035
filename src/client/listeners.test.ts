import { expect, it } from "vitest";
import { Listeners } from "./listeners.js";

it("listeners are called in the order they came, and no more once they are off", () => {
  const listeners = new Listeners<{ tick: number; tock: string }>(() => expect.unreachable());
  const seen: string[] = [];
  const off = listeners.add("tick", (n) => void seen.push(`a${n}`));
  listeners.add("tick", (n) => void seen.push(`b${n}`));
  listeners.emit("tick", 1);
  listeners.emit("tock", "nobody hears it");
  off();
  off();
  listeners.emit("tick", 2);
  expect(seen).toEqual(["a1", "b1", "b2"]);
});

it("the same function added twice is called twice, and each time is taken off by itself", () => {
  const listeners = new Listeners<{ tick: undefined }>(() => expect.unreachable());
  let calls = 0;
  const count = (): void => void calls++;
  const off = listeners.add("tick", count);
  listeners.add("tick", count);
  listeners.emit("tick", undefined);
  off();
  listeners.emit("tick", undefined);
  expect(calls).toBe(3);
});

it("a listener that throws is reported and keeps nothing from the others", () => {
  const defects: unknown[] = [];
  const listeners = new Listeners<{ tick: undefined }>((error) => void defects.push(error));
  const error = new Error("the application's");
  let isCalled = false;
  listeners.add("tick", () => {
    throw error;
  });
  listeners.add("tick", () => (isCalled = true));
  listeners.emit("tick", undefined);
  expect(defects).toEqual([error]);
  expect(isCalled).toBe(true);
});
