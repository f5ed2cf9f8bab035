import type { AuditRecorder } from "../auth/audit-event.js";
import type { Principal } from "../auth/principal.js";
import { isAllowed } from "../auth/roles.js";
import type { Allow } from "../contract/channel.js";
import type { ChannelMatch, Contract } from "../contract/contract.js";
import { wireError, type WireError } from "../wire/errors.js";

export interface Asker {
  readonly services: { readonly contract: Contract; readonly audit: AuditRecorder };
  readonly principal: Principal;
}

/**
 * Find what kind of channel a name means, for a principal that may do this on it. What it may not is audited.
 *
 * @throws WireError `channel/unknown` or `policy/denied`.
 */
export function permit({ principal, services }: Asker, channel: string, what: keyof Allow): ChannelMatch {
  const match = services.contract.match(channel);
  if (match === undefined) throw wireError("channel/unknown", `there is no channel ${channel}`);
  if (!isAllowed(principal, match.definition.allow[what])) {
    const rule = `allow.${what} of "${match.pattern}"`;
    services.audit({ kind: "denied", principal: principal.id, action: what, name: channel, rule });
    throw wireError("policy/denied", `${principal.id} may not ${phrases[what]} ${channel}`);
  }
  return match;
}

/** Whether the principal may do this on the channel. */
export function may({ principal, services }: Asker, channel: string, what: keyof Allow): boolean {
  const match = services.contract.match(channel);
  return match !== undefined && isAllowed(principal, match.definition.allow[what]);
}

/** What becomes of a log that could not be opened: the client tries again. */
export function logUnavailable(cause: unknown): WireError {
  return wireError("server/log-unavailable", "the channel's log cannot be read now", { retryAfterMs: 1_000, cause });
}

const phrases: Readonly<Record<keyof Allow, string>> = {
  subscribe: "subscribe to",
  publish: "publish to",
  presence: "be present on",
};
