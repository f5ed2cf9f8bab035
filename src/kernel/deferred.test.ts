import { expect, it } from "vitest";
import { deferred, optionalDeferred, optionalRejection } from "./deferred.js";

it("a deferred promise resolves and rejects from outside", async () => {
  const good = deferred<number>();
  good.resolve(7);
  await expect(good.promise).resolves.toBe(7);
  const bad = deferred<number>();
  bad.reject(new Error("no"));
  await expect(bad.promise).rejects.toThrow("no");
});

it("an optional rejection is seen by who awaits it and troubles nobody else", async () => {
  const settle = optionalDeferred<number>();
  settle.reject(new Error("late"));
  await expect(settle.promise).rejects.toThrow("late");
  await expect(optionalRejection(new Error("at once"))).rejects.toThrow("at once");
});
