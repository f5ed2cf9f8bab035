import { expect, it } from "vitest";
import { deferred } from "./deferred.js";

it("a deferred promise resolves and rejects from outside", async () => {
  const good = deferred<number>();
  good.resolve(7);
  await expect(good.promise).resolves.toBe(7);
  const bad = deferred<number>();
  bad.reject(new Error("no"));
  await expect(bad.promise).rejects.toThrow("no");
});
