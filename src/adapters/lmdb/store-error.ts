import { BusbarError } from "../../kernel/errors.js";

/** An error of the disk or of LMDB as one of ours: `store/full` when there is no space left, else `store/failed`. */
export function storeError(cause: unknown): BusbarError {
  const text = cause instanceof Error ? cause.message : String(cause);
  return isFull(cause, text)
    ? new BusbarError("store/full", "there is no space left on the disk", { retryable: true, cause })
    : new BusbarError("store/failed", `the store failed: ${text}`, { retryable: true, cause });
}

function isFull(cause: unknown, text: string): boolean {
  const code: unknown = typeof cause === "object" && cause !== null && "code" in cause ? cause.code : undefined;
  // LMDB's own numbers: the system's ENOSPC, and MDB_MAP_FULL.
  return code === "ENOSPC" || code === 28 || code === -30_792 || /no space left|MDB_MAP_FULL/i.test(text);
}

/** What a commit of lmdb was really rejected for: it says so in a promise of its own. */
export async function commitCause(error: unknown): Promise<unknown> {
  const inner: unknown = error instanceof Error && "commitError" in error ? error.commitError : undefined;
  if (!(inner instanceof Promise)) return error;
  try {
    await inner;
    return error;
  } catch (cause) {
    return cause;
  }
}
