import { expect, it } from "vitest";
import { silentLogger } from "./logger.js";

it("the silent logger takes every level and returns nothing", () => {
  for (const level of ["debug", "info", "warn", "error"] as const)
    expect(silentLogger[level]("a/b", { n: 1 })).toBeUndefined();
});
