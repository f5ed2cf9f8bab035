import { BusbarError, type BusbarErrorOptions } from "../kernel/errors.js";
import type { WireErrorCode } from "./error-meanings.js";
import type { ErrorBody } from "./messages.js";

/** The codes of what can help to be tried again. */
const retryableCodes: ReadonlySet<string> = new Set<WireErrorCode>([
  "message/failed",
  "publish/out-of-turn",
  "call/failed",
  "call/deadline",
  "call/too-many",
  "limit/rate",
  "server/busy",
  "server/log-unavailable",
  "server/stopping",
  "server/internal",
]);

export type { WireErrorCode };

export interface WireErrorOptions extends BusbarErrorOptions {
  /** When to try again, in milliseconds. */
  readonly retryAfterMs?: number | undefined;
  /** The id of the command that was refused, where one is known. */
  readonly re?: number | undefined;
  /** With `call/refused`: why, as the contract's `refusal` describes it. */
  readonly reason?: unknown;
}

/** A refusal as it travels: made by a server, or read by a client (whose server may know more codes). */
export class WireError extends BusbarError {
  readonly retryAfterMs: number | undefined;
  readonly re: number | undefined;
  readonly reason: unknown;

  constructor(code: string, message: string, options: WireErrorOptions = {}) {
    super(code, message, { ...options, retryable: options.retryable ?? isRetryable(code) });
    this.retryAfterMs = options.retryAfterMs;
    this.re = options.re;
    this.reason = options.reason;
  }

  /** The members that go over the wire; the cause stays here. */
  toBody(): ErrorBody {
    const { code, message, reason, retryable, retryAfterMs } = this;
    return {
      code,
      message,
      retryable,
      ...(retryAfterMs !== undefined && { retryAfterMs }),
      ...(reason !== undefined && { reason }),
    };
  }

  /** The same error as the answer to the command with the id `re`. */
  inReplyTo(re: number | undefined): WireError {
    const { retryable, retryAfterMs, cause, reason } = this;
    return new WireError(this.code, this.message, { retryable, retryAfterMs, cause, reason, re });
  }
}

/** Make an error whose code is one of the catalogue's. */
export function wireError(code: WireErrorCode, message: string, options?: WireErrorOptions): WireError {
  return new WireError(code, message, options);
}

/** Read an error's members as a client got them. */
export function wireErrorFrom(body: ErrorBody, re?: number): WireError {
  const { code, message, ...options } = body;
  return new WireError(code, message, { ...options, re });
}

/** What `read` returns, or the wire error that it throws; other errors go on. */
export function valueOrRefusal<Value>(read: () => Value): Value | WireError {
  try {
    return read();
  } catch (error) {
    if (error instanceof WireError) return error;
    throw error;
  }
}

/** Whether trying again can help, unless an error says otherwise. */
export function isRetryable(code: string): boolean {
  return retryableCodes.has(code);
}
