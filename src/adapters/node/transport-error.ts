import { getSystemErrorName } from "node:util";
import { BusbarError } from "../../kernel/errors.js";

/** The error of a connection that broke. */
export function transportError(cause: Error): BusbarError {
  return withoutStack(
    () =>
      new BusbarError("transport/failed", `the connection failed: ${cause.message}`, {
        retryable: true,
        cause,
      }),
  );
}

/** What a call of the system failed with, such as ECONNRESET. */
export function systemError(call: string, status: number): Error {
  const code = getSystemErrorName(status);
  return withoutStack(() => Object.assign(new Error(`${call} ${code}`), { code }));
}

/** Make an error that comes from the event loop: its stack would show nothing else, and takes 9 µs. */
function withoutStack<Made extends Error>(make: () => Made): Made {
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 0;
  try {
    return make();
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
  }
}
