/** What went wrong, in fields a program can act on; the message is for people. */
export interface BusbarErrorOptions {
  /** Whether the same attempt can succeed later without a change. Default: false. */
  readonly retryable?: boolean;
  /** The foreign or inner error that led here. */
  readonly cause?: unknown;
}

/**
 * The base of every error that busbar throws, rejects with or reports.
 *
 * Recognise errors by `code`, a stable `area/what` name, never by the message's text.
 */
export class BusbarError extends Error {
  readonly code: string;
  readonly retryable: boolean;

  constructor(code: string, message: string, options: BusbarErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = new.target.name;
    this.code = code;
    this.retryable = options.retryable ?? false;
  }
}

/** A broken promise of busbar's own code: always a defect, never the caller's or the peer's fault. */
export class AssertionError extends BusbarError {
  constructor(message: string) {
    super("kernel/assertion", message);
  }
}

/**
 * Stop when a condition that busbar itself guarantees does not hold.
 *
 * @throws AssertionError when `condition` is false.
 */
export function assert(condition: boolean, message: string): asserts condition {
  if (!condition) throw new AssertionError(message);
}

/**
 * Mark a branch that the types exclude, so that a new member of a union fails to compile here.
 *
 * @throws AssertionError whenever it is reached.
 */
export function unreachable(value: never): never {
  throw new AssertionError(`unreachable: ${String(value)}`);
}
