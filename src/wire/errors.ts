import { BusbarError, type BusbarErrorOptions } from "../kernel/errors.js";
import type { ErrorBody } from "./messages.js";

/** What is always true of an error code. */
interface WireErrorKind {
  readonly retryable: boolean;
  readonly meaning: string;
}

/** Every error code that a server sends. `docs/protocol.md` lists the same; `errors.test.ts` compares them. */
export const wireErrors = {
  "wire/not-json": { retryable: false, meaning: "the message is not a JSON object" },
  "wire/malformed": { retryable: false, meaning: "a member is missing or has the wrong type; the message names it" },
  "wire/unknown-command": { retryable: false, meaning: "`do` names no command" },
  "wire/hello-first": { retryable: false, meaning: "a command came before `hello`, or `hello` came twice" },
  "auth/refused": { retryable: false, meaning: "the credentials identify nobody" },
  "auth/other-principal": { retryable: false, meaning: "a refresh cannot change who the client is" },
  "channel/invalid-name": { retryable: false, meaning: "a channel name breaks the rules for names" },
  "channel/unknown": { retryable: false, meaning: "no pattern of the contract matches the channel" },
  "channel/no-presence": { retryable: false, meaning: "the channel's contract has no presence" },
  "policy/denied": { retryable: false, meaning: "the principal's roles do not allow this" },
  "message/invalid": {
    retryable: false,
    meaning: "the payload does not fit the channel's contract; the message says where",
  },
  "message/rejected": { retryable: false, meaning: "the processor rejected the message; the message is its reason" },
  "message/failed": { retryable: true, meaning: "the processor failed" },
  "publish/out-of-turn": {
    retryable: true,
    meaning: "a message before this one was refused for now; both can be sent again, in their order",
  },
  "publish/unknown-repeat": {
    retryable: false,
    meaning: "a repeat of a message from before the idempotence window; whether it was published is unknown",
  },
  "subscription/exists": { retryable: false, meaning: "the connection is subscribed to the channel already" },
  "subscription/none": { retryable: false, meaning: "the connection has no such subscription or membership" },
  "subscription/too-many": {
    retryable: false,
    meaning: "the connection has as many subscriptions or memberships as it may",
  },
  "call/unknown": { retryable: false, meaning: "the contract has no such call, or the other side handles it" },
  "call/no-handler": { retryable: false, meaning: "nobody handles this call here" },
  "call/invalid": { retryable: false, meaning: "the input does not fit the call's contract; the message says where" },
  "call/refused": { retryable: false, meaning: "the handler refused; `reason` says why" },
  "call/failed": { retryable: true, meaning: "the handler failed; whether it had an effect is unknown" },
  "call/deadline": { retryable: true, meaning: "the answer did not come in time; whether it had an effect is unknown" },
  "call/cancelled": { retryable: false, meaning: "the caller gave the call up" },
  "call/too-many": { retryable: true, meaning: "as many calls of this connection are under way as may be" },
  "limit/rate": {
    retryable: true,
    meaning: "too many commands or bytes a second; `retryAfterMs` says when to come back",
  },
  "server/busy": { retryable: true, meaning: "too many messages wait for this channel's processor" },
  "server/log-unavailable": {
    retryable: true,
    meaning: "the channel's log cannot be read or written now; whether a message was published is unknown",
  },
  "server/stopping": { retryable: true, meaning: "the server stops; the message was not published" },
  "server/internal": { retryable: true, meaning: "a defect in the server; its log has the details" },
} as const;

export type WireErrorCode = keyof typeof wireErrors;

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

function isRetryable(code: string): boolean {
  const kinds: Readonly<Record<string, WireErrorKind>> = wireErrors;
  return Object.hasOwn(kinds, code) && kinds[code]?.retryable === true;
}
