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
    const told = [
      clientErrors["contract/differs"].message,
      ...(changed.length > 0 ? [`changed: ${changed.join(", ")}`] : []),
      ...(missing.length > 0 ? [`not there: ${missing.join(", ")}`] : []),
    ];
    super("contract/differs", told.join("; "));
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

/** Asks a server whose contract is another one what differs, and tells it once. */
export class ContractComparison {
  readonly #options: ContractComparisonOptions;
  #told = "";

  constructor(options: ContractComparisonOptions) {
    this.#options = options;
  }

  connectionOpened(hello: HelloOk): void {
    const { parts, connection, onError } = this.#options;
    if (hello.contract !== "differs") return;
    connection.request(
      (id) => ({ id, do: "compare", parts }),
      (outcome) => {
        if (outcome.kind === "ok") this.#tell(new ContractDiffersError(outcome.ok));
        else if (outcome.kind === "refused") onError(outcome.error);
      },
    );
  }

  /** Not again on each connection, and not where the server has only more. */
  #tell(error: ContractDiffersError): void {
    if (error.message === this.#told || error.changed.length + error.missing.length === 0) return;
    this.#told = error.message;
    this.#options.onError(error);
  }
}
