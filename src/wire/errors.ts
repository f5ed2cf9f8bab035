import { BusbarError, type BusbarErrorOptions } from "../kernel/errors.js";
import type { WireErrorCode } from "./error-meanings.js";
import type { ErrorBody } from "./messages.js";

/** The codes of what can help to be tried again: all of the server's own troubles, and what was not done in time. */
const retryableCodes = /^(server|limit)\/|\/(failed|deadline|out-of-turn)$|^call\/too-many$/;

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
}

/** The same error as the answer to the command with the id `re`. */
export function inReplyTo(error: WireError, re: number | undefined): WireError {
  const { cause, code, message, reason, retryable, retryAfterMs } = error;
  return new WireError(code, message, { retryable, retryAfterMs, cause, reason, re });
}

/** The members of an error that go over the wire; the cause stays here. */
export function errorBody(error: WireError): ErrorBody {
  const { code, message, reason, retryable, retryAfterMs } = error;
  return {
    code,
    message,
    retryable,
    ...(retryAfterMs !== undefined && { retryAfterMs }),
    ...(reason !== undefined && { reason }),
  };
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

/** The codes whose messages a schema writes, which may quote what it was given: a password that is no number. */
const quotingCodes: ReadonlySet<string> = new Set<WireErrorCode>(["message/invalid", "call/invalid"]);

/** The error's message as a log may have it; undefined where it can hold what the client sent, who is told it alone. */
export function messageForLog({ code, message }: WireError): string | undefined {
  return quotingCodes.has(code) ? undefined : message;
}

/** Whether trying again can help, unless an error says otherwise. */
export function isRetryable(code: string): boolean {
  return retryableCodes.test(code);
}
