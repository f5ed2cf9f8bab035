import { BusbarError } from "../kernel/errors.js";
import { WireError, wireError } from "../wire/errors.js";

/** When to try again where too much waits, or the log cannot be written. */
export const BUSY_MS: number = 1_000;

/** Something before it on its way stands in its way. */
export function cutOff(): WireError {
  const message = "a message before this one could not be delivered; send both again, in their order";
  return wireError("publish/out-of-turn", message, { retryAfterMs: BUSY_MS });
}

/** The server takes nothing more. */
export function stopping(): WireError {
  return wireError("server/stopping", "the server stops; the message was not published");
}

/** The log has nothing to do with it: whatever keeps a processor from its outcome is a failure of the message. */
export function failedToProcess(cause: unknown): never {
  if (cause instanceof WireError) throw cause;
  throw wireError("message/failed", "whoever processed the message was gone before it was done", { cause });
}

/** Why a message could not be appended, as its publisher is told. */
export function asWireError(cause: unknown): WireError {
  if (cause instanceof WireError) return cause;
  if (cause instanceof BusbarError && cause.code === "hub/unknown-repeat") {
    return wireError("publish/unknown-repeat", cause.message, { cause });
  }
  const message = "the channel's log cannot be written now; whether the message was published is unknown";
  return wireError("server/log-unavailable", message, { retryAfterMs: BUSY_MS, cause });
}
