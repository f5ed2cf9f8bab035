import { BusbarError } from "./errors.js";
import { withoutStack } from "./without-stack.js";

/** The error of a connection that broke. */
export function transportError(cause: Error): BusbarError {
  const message = `the connection failed: ${cause.message}`;
  return withoutStack(() => new BusbarError("transport/failed", message, { retryable: true, cause }));
}

/** The error of a connection that we dropped before all was written. */
export function droppedError(): BusbarError {
  return transportError(new Error("it was dropped"));
}
