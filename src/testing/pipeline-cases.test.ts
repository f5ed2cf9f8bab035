import { describe, expect, it } from "vitest";
import { lastingPipelinePlace, memoryPipelinePlace } from "../../test/support/pipeline-places.js";
import { groupStoreCases, jobStoreCases, transactionCases, type PipelineCasesOptions } from "./pipeline-cases.js";

const allCases = (options: PipelineCasesOptions) => [
  ...jobStoreCases(options),
  ...groupStoreCases(options),
  ...transactionCases(options),
];

const memory = { place: () => memoryPipelinePlace(), durability: "memory", isLasting: false } as const;
const lasting = { place: () => lastingPipelinePlace(), durability: "memory", isLasting: true } as const;

describe("a store in memory", () => {
  for (const { name, run } of allCases(memory)) it(name, () => expect(run()).resolves.toBeUndefined());
});

describe("a store that lasts", () => {
  for (const { name, run } of allCases(lasting)) it(name, () => expect(run()).resolves.toBeUndefined());
});

describe("the cases for queued messages, groups and transactions", () => {
  it("have names of their own", () => {
    const names = allCases(lasting).map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
  });

  it("remove their places", async () => {
    const removed: string[] = [];
    const place = () => ({ ...memoryPipelinePlace(), remove: async () => void removed.push("one") });
    for (const { run } of groupStoreCases({ ...memory, place }).slice(0, 2)) await run();
    expect(removed).toEqual(["one", "one"]);
  });
});
