import type { Clock } from "../kernel/clock.js";
import { BusbarError } from "../kernel/errors.js";
import type { AuthenticationRequest, Authenticator } from "./authenticator.js";
import type { Principal } from "./principal.js";
import { noAnswer, principalFrom, type Recognised } from "./recognised.js";

/** What a function of the application returns: whom it recognised, or nobody. */
export type Recognition = Recognised | undefined | null;

/** The application's own way to tell who a request comes from. `signal` is aborted when its time is over. */
export type AuthenticationHook = (
  request: AuthenticationRequest,
  context: { readonly signal: AbortSignal },
) => Recognition | Promise<Recognition>;

export interface CustomOptions {
  /**
   * How long the function may take. Default: 4 s, which is within the 5 s that a handshake may take, so that the client
   * hears that it can come back.
   */
  readonly deadlineMs?: number;
}

const deadlineMsDefault = 4_000;

/**
 * Recognise clients by a function of the application.
 *
 * What it throws, what is no principal, and no answer within the deadline let nobody in.
 *
 * @throws BusbarError `options/invalid`.
 */
export function customWith(
  clock: Clock,
  hook: AuthenticationHook,
  { deadlineMs = deadlineMsDefault }: CustomOptions = {},
): Authenticator {
  if (!(deadlineMs > 0)) throw new BusbarError("options/invalid", "the option deadlineMs is a number above 0");
  return async (request) => {
    const principal = principalFrom(await within(clock, deadlineMs, (signal) => hook(request, { signal })));
    if (principal === undefined || !isOver(principal, clock)) return principal;
    request.report?.({ why: "principal/expired" });
    return undefined;
  };
}

function isOver({ expiresAtMs = Infinity }: Principal, clock: Clock): boolean {
  return expiresAtMs <= clock.wallTimeMs();
}

/** Rejects with `auth/no-answer` when the task takes longer; what it does afterwards is not looked at. */
async function within<T>(clock: Clock, deadlineMs: number, task: (signal: AbortSignal) => T | Promise<T>): Promise<T> {
  const controller = new AbortController();
  let end: (() => void) | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    const timer = clock.schedule(deadlineMs, () => {
      const error = noAnswer(`the authenticator has not answered within ${deadlineMs} ms`);
      // Before the task hears of it, and rejects as well.
      reject(error);
      controller.abort(error);
    });
    end = () => timer.cancel();
  });
  try {
    return await Promise.race([task(controller.signal), late]);
  } finally {
    end?.();
  }
}
