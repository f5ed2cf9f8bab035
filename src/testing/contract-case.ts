/** One case of a contract, for any test runner. */
export interface ContractCase {
  /** A sentence on what the store does. */
  readonly name: string;
  /** Rejects with `testing/contract-broken`, and says what was expected, where the store does something else. */
  readonly run: () => Promise<void>;
}

/** One case on its way. */
interface Trial {
  begin(): Promise<void>;
  end(): Promise<void>;
}

/** Run a case from the beginning of its trial to the end; its place is removed whatever happens. */
export async function runCase<Own extends Trial>(
  trial: Own,
  run: (trial: Own) => Promise<void>,
  remove: () => Promise<void> | undefined,
): Promise<void> {
  try {
    await trial.begin();
    await run(trial);
  } finally {
    try {
      await trial.end();
    } finally {
      await remove();
    }
  }
}
