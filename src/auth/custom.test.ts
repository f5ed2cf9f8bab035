import { beforeEach, describe, expect, it } from "vitest";
import { request } from "../../test/support/session-world.js";
import { VirtualClock } from "../testing/virtual-clock.js";
import { customWith } from "./custom.js";

describe("an authenticator of the application's own", () => {
  let clock: VirtualClock;
  beforeEach(() => {
    clock = new VirtualClock();
  });

  it("recognises whom the function does, at once or later, and leaves no timer", async () => {
    expect(await customWith(clock, ({ url }) => ({ id: url }))(request)).toMatchObject({ id: "/bus", roles: [] });
    expect(await customWith(clock, () => Promise.resolve({ id: "ada", roles: ["a"] }))(request)).toMatchObject({
      id: "ada",
      roles: ["a"],
    });
    expect(await customWith(clock, () => null)(request)).toBeUndefined();
    expect(clock.timerCount).toBe(0);
  });

  it("lets nobody in who has expired", async () => {
    const whys: string[] = [];
    const asked = { ...request, report: ({ why }: { readonly why: string }) => void whys.push(why) };
    const until = (expiresAtMs: number) => customWith(clock, () => ({ id: "ada", expiresAtMs }));
    expect(await until(clock.wallTimeMs() + 1)(asked)).toMatchObject({ id: "ada" });
    expect(await until(clock.wallTimeMs())(asked)).toBeUndefined();
    expect(await until(clock.wallTimeMs())(request)).toBeUndefined();
    expect(whys).toEqual(["principal/expired"]);
  });

  it("lets nobody in where the function throws, rejects, or returns no principal", async () => {
    const thrower = customWith(clock, () => {
      throw new Error("down");
    });
    await expect(thrower(request)).rejects.toThrow("down");
    await expect(customWith(clock, () => Promise.reject(new Error("down")))(request)).rejects.toThrow("down");
    await expect(customWith(clock, () => ({ id: "" }))(request)).rejects.toMatchObject({
      code: "auth/invalid-principal",
    });
    expect(clock.timerCount).toBe(0);
  });

  it.each([
    ["4 s", undefined, 4_000],
    ["the time that is said", 100, 100],
  ])("gives a function that hangs up after %s", async (_what, deadlineMs, ms) => {
    let seen: AbortSignal | undefined;
    const hanging = customWith(
      clock,
      (_request, { signal }) => {
        seen = signal;
        return new Promise(() => {});
      },
      deadlineMs === undefined ? {} : { deadlineMs },
    );
    const outcome = Promise.resolve(hanging(request)).catch((error: unknown) => error);
    clock.advance(ms - 1);
    expect(seen?.aborted).toBe(false);
    clock.advance(1);
    expect(await outcome).toMatchObject({ code: "auth/no-answer", retryable: true });
    expect(seen?.reason).toMatchObject({ code: "auth/no-answer" });
  });

  it("does not look at what a function says too late", async () => {
    const late = customWith(
      clock,
      (_request, { signal }) =>
        new Promise((_resolve, reject) => {
          signal.addEventListener("abort", () => reject(new Error("given up")));
        }),
    );
    const outcome = Promise.resolve(late(request)).catch((error: unknown) => error);
    clock.advance(4_000);
    expect(await outcome).toMatchObject({ code: "auth/no-answer" });
  });

  it.each([0, -1, Number.NaN])("has no deadline of %s", (deadlineMs) => {
    expect(() => customWith(clock, () => null, { deadlineMs })).toThrow(
      expect.objectContaining({ code: "options/invalid" }),
    );
  });
});
