import type { WireError } from "../wire/errors.js";

/** How long to wait after a refusal that passes: a second, when the server does not say. */
export function restMs({ retryAfterMs = 1_000 }: WireError): number {
  return retryAfterMs;
}
