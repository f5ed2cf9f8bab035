import { BusbarError, type BusbarErrorOptions } from "../kernel/errors.js";

/** The error codes that begin in a client; those that a server sends are in `wire/errors.ts`. */
export type ClientErrorCode =
  | "connection/lost"
  | "connection/timeout"
  | "connection/ended"
  | "connection/closed"
  | "connection/invalid-url"
  | "auth/unavailable"
  | "contract/differs"
  | "call/unknown-fate"
  | "publish/unknown-fate"
  | "publish/too-many"
  | "message/too-large"
  | "subscription/invalid-from"
  | "subscription/in-use";

interface ClientErrorKind {
  readonly retryable: boolean;
  readonly message: string;
}

/** What is true of each, and what it says when there is nothing more exact to say. */
export const clientErrors: Readonly<Record<ClientErrorCode, ClientErrorKind>> = {
  "connection/lost": { retryable: true, message: "the connection was cut" },
  "connection/timeout": { retryable: true, message: "no answer came in time" },
  "connection/ended": { retryable: false, message: "the server ended it" },
  "connection/closed": { retryable: false, message: "the bus was closed" },
  "connection/invalid-url": { retryable: false, message: "not the address of a server" },
  "auth/unavailable": { retryable: true, message: "`token` or `auth` failed" },
  "contract/differs": { retryable: false, message: "the server's contract differs" },
  "call/unknown-fate": {
    retryable: false,
    message: "no answer came; it may have had an effect",
  },
  "publish/unknown-fate": {
    retryable: true,
    message: "no receipt came; it may be published",
  },
  "publish/too-many": { retryable: true, message: "too many wait for receipts" },
  "message/too-large": { retryable: false, message: "longer than a server accepts" },
  "subscription/invalid-from": {
    retryable: false,
    message: 'from is "now", "start", "last N" or a position',
  },
  "subscription/in-use": { retryable: false, message: "it is read or joined already" },
};

export interface ClientErrorOptions extends Pick<BusbarErrorOptions, "cause"> {
  /** In place of the catalogue's message. */
  readonly message?: string;
}

/** Make an error whose code is one of the catalogue's. */
export function clientError(code: ClientErrorCode, options: ClientErrorOptions = {}): BusbarError {
  const { retryable, message } = clientErrors[code];
  return new BusbarError(code, options.message ?? message, { retryable, cause: options.cause });
}
