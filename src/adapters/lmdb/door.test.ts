import { expect, it } from "vitest";
import { deferred } from "../../kernel/deferred.js";
import { Door } from "./door.js";

it("a door lets nothing in once it is closed, and waits for what went in before", async () => {
  const door = new Door();
  door.assertOpen();
  const [first, second] = [deferred<number>(), deferred<number>()];
  const [one, other] = [door.doing(first.promise), door.doing(second.promise)];
  let isClosed = false;
  const closed = door.close().then(() => {
    isClosed = true;
  });
  expect(() => door.assertOpen()).toThrow(expect.objectContaining({ code: "kernel/assertion" }));
  first.resolve(1);
  await expect(one).resolves.toBe(1);
  expect(isClosed).toBe(false);
  second.reject(new Error("failed"));
  await expect(other).rejects.toThrow("failed");
  await closed;
});
