import { describe, expect, it } from "vitest";
import { deferred } from "./deferred.js";
import { LazyAbort } from "./lazy-abort.js";

describe("a lazy abort", () => {
  it("has a signal that is aborted when it is, whenever it was asked for", () => {
    const early = new LazyAbort();
    const { signal } = early;
    expect(signal.aborted).toBe(false);
    const reason = new Error("enough");
    early.abort(reason);
    early.abort(new Error("once more"));
    expect([signal.aborted, signal.reason, early.signal]).toEqual([true, reason, signal]);
    const late = new LazyAbort();
    late.abort(reason);
    expect([late.signal.aborted, late.signal.reason]).toEqual([true, reason]);
  });

  it("lets a promise settle as it does, until it is aborted", async () => {
    const abort = new LazyAbort();
    const never = deferred<number>();
    expect(await abort.until(Promise.resolve(1))).toBe(1);
    await expect(abort.until(Promise.reject(new Error("no")))).rejects.toThrow("no");
    const waiting = abort.until(never.promise);
    abort.abort(new Error("enough"));
    await expect(waiting).rejects.toThrow("enough");
    await expect(abort.until(never.promise)).rejects.toThrow("enough");
  });
});
