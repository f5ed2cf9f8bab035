import { BusbarError } from "../kernel/errors.js";

export function notAppended(cause: unknown): BusbarError {
  const message = "the channel's log could not be written; whether the message is in it is unknown";
  return new BusbarError("hub/not-appended", message, { retryable: true, cause });
}

export function unknownRepeat(): BusbarError {
  const message = "this repeat is older than what is remembered; it was not published";
  return new BusbarError("hub/unknown-repeat", message);
}

export function notRead(cause: unknown): never {
  throw new BusbarError("hub/not-read", "the channel's log could not be read", { retryable: true, cause });
}
