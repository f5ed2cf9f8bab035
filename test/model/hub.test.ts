import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ModelWorld } from "./model-world.js";
import { stepOf } from "./steps.js";

/** How many sequences are tried in all; by hand more: `MODEL_RUNS=1000000`. */
const runs = Number(process.env["MODEL_RUNS"] ?? 100_000);
const seeds = [1, 2, 3, 4];

const sequences = fc.array(fc.integer({ min: 0, max: 2 ** 32 - 1 }), { minLength: 12, maxLength: 25 });

async function tryOut(numbers: readonly number[]): Promise<void> {
  const world = new ModelWorld();
  for (const number of numbers) {
    const { isHasty, step } = stepOf(number);
    await world.step(step, isHasty);
  }
  await world.finish();
}

describe("a hub on a store with faults", () => {
  it.each(seeds)(
    "shows every subscriber the log's order once, or says what is gone (seed %i)",
    { timeout: 600_000 },
    async (seed) => {
      const numRuns = Math.ceil(runs / seeds.length);
      const result = await fc.check(fc.asyncProperty(sequences, tryOut), { seed, numRuns });
      const steps = (result.counterexample?.[0] ?? []).map((number) => JSON.stringify(stepOf(number)));
      expect(
        result.failed,
        `${String(result.errorInstance)}\n${JSON.stringify(result.counterexample)}\n${steps.join("\n")}`,
      ).toBe(false);
    },
  );
});
