import { describe, expect, it, onTestFinished, vi } from "vitest";
import { findBun, isBun } from "./bun.js";

describe("Bun", () => {
  it("is missed where it is not, with a code", () => {
    expect(isBun).toBe(false);
    expect(findBun).toThrow(expect.objectContaining({ code: "server/cannot-listen" }));
  });

  it("is what can listen under its name", () => {
    onTestFinished(() => void vi.unstubAllGlobals());
    const bun = { listen: () => ({ stop: () => {} }) };
    vi.stubGlobal("Bun", bun);
    expect(findBun()).toBe(bun);
    vi.stubGlobal("Bun", { version: "0" });
    expect(findBun).toThrow();
  });
});
