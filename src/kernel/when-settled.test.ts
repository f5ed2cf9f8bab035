import { expect, it } from "vitest";
import { whenSettled } from "./when-settled.js";

it("waits for a promise, and keeps neither what it resolves nor what it rejects with", async () => {
  await expect(whenSettled(Promise.resolve("a value"))).resolves.toBeUndefined();
  await expect(whenSettled(Promise.reject(new Error("a reason")))).resolves.toBeUndefined();
  let isSettled = false;
  const settled = whenSettled(new Promise((resolve) => setImmediate(() => resolve(1)))).then(() => (isSettled = true));
  await Promise.resolve();
  expect(isSettled).toBe(false);
  await settled;
  expect(isSettled).toBe(true);
});
