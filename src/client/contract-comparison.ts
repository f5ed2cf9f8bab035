import { BusbarError } from "../kernel/errors.js";
import type { CompareOk, HelloOk } from "../wire/messages.js";
import type { Connection } from "./connection.js";
import { clientErrors } from "./errors.js";

/** Which channels and calls of the client's contract are others on the server, or not there. The bus goes on without. */
export class ContractDiffersError extends BusbarError {
  /** Patterns that are in both contracts, and different. */
  readonly changed: readonly string[];
  /** Patterns that the server's contract does not have. */
  readonly missing: readonly string[];

  constructor({ changed, missing }: CompareOk) {
    const parts = [...changed, ...missing.map((pattern) => `no ${pattern}`)];
    super("contract/differs", `${clientErrors["contract/differs"].message}: ${parts.join(", ")}`);
    this.changed = changed;
    this.missing = missing;
  }
}

export interface ContractComparisonOptions {
  /** Each pattern of the client's contract with its fingerprint. */
  readonly parts: Readonly<Record<string, string>>;
  readonly connection: Pick<Connection, "request">;
  readonly onError: (error: BusbarError) => void;
}

/**
 * What asks a server whose contract is another one what differs, and tells it: not again on each connection, and not
 * where the server has only more. To be called with each answer to `hello`.
 */
export function contractComparison({
  parts,
  connection,
  onError,
}: ContractComparisonOptions): (hello: HelloOk) => void {
  let told = "";
  return ({ contract }) => {
    if (contract !== "differs") return;
    connection.request({ do: "compare", parts }, (outcome) => {
      if (outcome.kind === "lost") return;
      const error = outcome.kind === "ok" ? new ContractDiffersError(outcome.ok) : outcome.error;
      const isNothing = error instanceof ContractDiffersError && error.changed.length + error.missing.length === 0;
      if (error.message !== told && !isNothing) onError(error);
      told = error.message;
    });
  };
}
