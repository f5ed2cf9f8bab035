import type { Durability } from "../hub/store.js";
import { runCase, type ContractCase } from "./contract-case.js";
import { groupCases, lastingGroupCases, passingGroupCases } from "./group-cases.js";
import { jobCases } from "./job-cases.js";
import { jobEndCases } from "./job-end-cases.js";
import { lastingJobCases, passingJobCases } from "./job-lasting-cases.js";
import { PipelineTrial, type PipelineCase, type PipelinePlace } from "./pipeline-trial.js";
import { SeededRandom } from "./seeded-random.js";
import { lastingTransactionCases, logTransactionCases } from "./transaction-cases.js";

export interface PipelineCasesOptions {
  /** Make a place with nothing in it; each case has its own. */
  readonly place: () => PipelinePlace | Promise<PipelinePlace>;
  /** What logs are opened with in the cases. */
  readonly durability: Durability;
  /** Whether what a store kept when it was closed is there when its place is opened again. */
  readonly isLasting: boolean;
}

/**
 * The contract of `JobStore` as cases: whoever writes a store of queued messages runs them all. See `storeCases`.
 *
 * @example
 * for (const { name, run } of jobStoreCases({ place, durability: "disk", isLasting: true })) test(name, run);
 */
export function jobStoreCases(options: PipelineCasesOptions): readonly ContractCase[] {
  return bound(options, [...jobCases, ...jobEndCases, ...(options.isLasting ? lastingJobCases : passingJobCases)]);
}

/** The contract of `GroupStore` as cases. See `storeCases`. */
export function groupStoreCases(options: PipelineCasesOptions): readonly ContractCase[] {
  return bound(options, [...groupCases, ...(options.isLasting ? lastingGroupCases : passingGroupCases)]);
}

/** The contract of `TransactionStore` beside that of `Store`, with the riders of its jobs, as cases. See `storeCases`. */
export function transactionCases(options: PipelineCasesOptions): readonly ContractCase[] {
  return bound(options, [...logTransactionCases, ...(options.isLasting ? lastingTransactionCases : [])]);
}

function bound(options: PipelineCasesOptions, cases: readonly PipelineCase[]): readonly ContractCase[] {
  const { durability, place } = options;
  const random = new SeededRandom(1);
  return cases.map(({ name, run }) => ({
    name,
    run: async () => {
      const own = await place();
      await runCase(new PipelineTrial({ durability, random, place: own }), run, () => own.remove?.());
    },
  }));
}
