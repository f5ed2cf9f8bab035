import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { queueStepOf } from "./queue-steps.js";
import { QueueWorld } from "./queue-world.js";

/** How many sequences are tried in all; by hand more: `MODEL_RUNS=1000000`. */
const runs = Number(process.env["MODEL_RUNS"] ?? 100_000);
const seeds = [1, 2, 3, 4];

const sequences = fc.array(fc.integer({ min: 0, max: 2 ** 32 - 1 }), { minLength: 15, maxLength: 40 });

function tryOut(numbers: readonly number[]): void {
  const [policy = 0, ...steps] = numbers;
  const world = new QueueWorld(policy);
  for (const number of steps) world.step(queueStepOf(number));
  world.finish();
}

describe("a queue of jobs beside a naive one", () => {
  it.each(seeds)(
    "keeps every key's order, loses nothing and starves nobody (seed %i)",
    { timeout: 600_000 },
    (seed) => {
      const numRuns = Math.ceil(runs / seeds.length);
      const result = fc.check(fc.property(sequences, tryOut), { seed, numRuns });
      const steps = (result.counterexample?.[0] ?? []).slice(1).map((number) => JSON.stringify(queueStepOf(number)));
      expect(
        result.failed,
        `${String(result.errorInstance)}\n${JSON.stringify(result.counterexample)}\n${steps.join("\n")}`,
      ).toBe(false);
    },
  );
});
