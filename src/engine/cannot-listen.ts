import { BusbarError } from "../kernel/errors.js";
import type { ServeOptions } from "./options.js";

/** The error of a place that cannot be listened on. */
export function cannotListen({ port = 0, socketPath }: ServeOptions, cause: unknown): BusbarError {
  const place = socketPath ?? `port ${port}`;
  return new BusbarError("server/cannot-listen", `cannot listen on ${place}: ${detailOf(cause)}`, { cause });
}

/** The error of a key and a certificate that are no such. */
export function unusableTls(cause: unknown): BusbarError {
  return new BusbarError("options/invalid", `the option tls cannot be used: ${detailOf(cause)}`, { cause });
}

function detailOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}
