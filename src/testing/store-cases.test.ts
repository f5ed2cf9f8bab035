import { describe, expect, it } from "vitest";
import { lastingPlace, memoryPlace } from "../../test/support/store-places.js";
import { storeCases } from "./store-cases.js";

const memory = { place: () => memoryPlace(), durabilities: ["memory"], isLasting: false, hasStepCount: true } as const;
const lasting = { place: () => lastingPlace(), durabilities: ["memory"], isLasting: true } as const;

describe("a store in memory", () => {
  for (const { name, run } of storeCases(memory)) it(name, () => expect(run()).resolves.toBeUndefined());
});

describe("a store that lasts", () => {
  for (const { name, run } of storeCases(lasting)) it(name, () => expect(run()).resolves.toBeUndefined());
});

describe("the cases for stores", () => {
  it("have names of their own", () => {
    const names = storeCases({ ...lasting, durabilities: ["memory", "disk"] }).map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
    expect(names).toContain("counts a channel's messages from 1, without gaps (disk)");
  });
});
