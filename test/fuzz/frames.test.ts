import { expect, it } from "vitest";
import { fuzz } from "./differential.js";

/** `npm run fuzz` sets both for a longer run. */
const inputs = Number(process.env["FUZZ_INPUTS"] ?? 1_000_000);
const seed = Number(process.env["FUZZ_SEED"] ?? 6455);
/** A bound for a run that hangs; the time is not what is tested. */
const TIMEOUT_MS_PER_INPUT = 0.5;

it(
  `${inputs} random and mutated inputs have the same verdict as ws, or a written reason`,
  () => {
    const summary = fuzz(inputs, seed, (done) => process.stdout.write(`fuzzed ${done} of ${inputs} inputs\n`));
    const explained = [...summary.explained.values()].reduce((sum, count) => sum + count, 0);
    expect(summary.accepted + summary.refused + explained).toBe(inputs);
    // Inputs that are all refused, or all taken, would show little.
    expect(summary.accepted).toBeGreaterThan(inputs / 10);
    expect(summary.refused).toBeGreaterThan(inputs / 10);
  },
  60_000 + inputs * TIMEOUT_MS_PER_INPUT,
);
