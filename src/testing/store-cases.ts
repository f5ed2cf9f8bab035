import type { Durability } from "../hub/store.js";
import { runCase, type ContractCase } from "./contract-case.js";
import { SeededRandom } from "./seeded-random.js";
import { costCases } from "./store-cost-cases.js";
import { lastingCases, passingCases } from "./store-lasting-cases.js";
import { logCases } from "./store-log-cases.js";
import { originCases } from "./store-origin-cases.js";
import { refusalCases } from "./store-refusal-cases.js";
import { retentionCases } from "./store-retention-cases.js";
import { StoreTrial, type StoreCase, type StorePlace } from "./store-trial.js";

export interface StoreCasesOptions {
  /** Make a place with nothing in it; each case has its own. */
  readonly place: () => StorePlace | Promise<StorePlace>;
  /** What the store can do; at least one. All cases run with each of them. */
  readonly durabilities: readonly Durability[];
  /** Whether what a store kept when it was closed is there when its place is opened again. */
  readonly isLasting: boolean;
  /** Whether the places have a `stepCount`. Without it the cases on what calls cost are left out. Default: false. */
  readonly hasStepCount?: boolean;
}

/**
 * The contract of `Store` as cases: whoever writes a store runs them all.
 *
 * The cases know no test runner and no real time; they can run in any order, one after another.
 *
 * @example
 * const cases = storeCases({
 *   place: () => ({ open: async ({ clock, random, limits }) => new MemoryStore({ clock, random, limits }) }),
 *   durabilities: ["memory"],
 *   isLasting: false,
 * });
 * for (const { name, run } of cases) test(name, run);
 */
export function storeCases(options: StoreCasesOptions): readonly ContractCase[] {
  const { durabilities, hasStepCount = false, isLasting, place } = options;
  const random = new SeededRandom(1);
  const cases: readonly StoreCase[] = [
    ...logCases,
    ...refusalCases(durabilities),
    ...retentionCases,
    ...originCases,
    ...(hasStepCount ? costCases : []),
    ...(isLasting ? lastingCases : passingCases),
  ];
  return durabilities.flatMap((durability) =>
    cases.map(({ name, run }) => ({
      name: durabilities.length === 1 ? name : `${name} (${durability})`,
      run: async () => {
        const own = await place();
        await runCase(new StoreTrial({ durability, random, place: own }), run, () => own.remove?.());
      },
    })),
  );
}
