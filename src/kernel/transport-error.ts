import { BusbarError } from "./errors.js";

/** The error of a connection that broke. */
export function transportError(cause: Error): BusbarError {
  return new BusbarError("transport/failed", `the connection failed: ${cause.message}`, {
    retryable: true,
    cause,
  });
}
