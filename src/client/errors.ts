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
  "connection/timeout": { retryable: true, message: "the server did not answer in time" },
  "connection/ended": { retryable: false, message: "the server ended the connection for good" },
  "connection/closed": { retryable: false, message: "the bus was closed" },
  "connection/invalid-url": { retryable: false, message: "this is not the address of a server" },
  "auth/unavailable": { retryable: true, message: "`token` or `auth` gave no credentials" },
  "contract/differs": { retryable: false, message: "the server's contract is another one" },
  "call/unknown-fate": {
    retryable: false,
    message: "the connection was cut before the answer; whether the call had an effect is unknown",
  },
  "publish/unknown-fate": {
    retryable: true,
    message: "no receipt came; the message may be published",
  },
  "publish/too-many": { retryable: true, message: "too many published messages wait for their receipts" },
  "message/too-large": { retryable: false, message: "the message takes more bytes than a server accepts" },
  "subscription/invalid-from": {
    retryable: false,
    message: 'reading begins from "now", "start", "last N" or a position',
  },
  "subscription/in-use": { retryable: false, message: "this client reads or has joined the channel already" },
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
