import type { Access, Asked, Meaning } from "../auth/access.js";
import type { Action } from "../auth/action.js";
import type { AuditRecorder } from "../auth/audit-event.js";
import type { Principal } from "../auth/principal.js";
import type { ChannelMatch, Contract } from "../contract/contract.js";
import { wireError, type WireError } from "../wire/errors.js";

export interface Asker {
  readonly services: { readonly contract: Contract; readonly audit: AuditRecorder };
  readonly principal: Principal;
  /** What was decided for it. */
  readonly access: Access;
}

/** What can be done with a channel. */
export type ChannelAction = Exclude<Action, "call">;

/**
 * Find what kind of channel a name means, for a principal that may do this on it. What it may not is audited.
 *
 * @throws WireError `channel/unknown` or `policy/denied`.
 */
export function permit(asker: Asker, channel: string, action: ChannelAction): ChannelMatch {
  const match = asker.services.contract.match(channel);
  if (match === undefined) throw unknown(channel);
  const refused = denial(asker, action, askedOf(channel, match));
  if (refused !== undefined) throw refused;
  return match;
}

/** Why the principal may not do this with a channel, which is audited; undefined where it may. */
export function channelDenial(asker: Asker, channel: string, action: ChannelAction): WireError | undefined {
  const match = asker.services.contract.match(channel);
  return match === undefined ? unknown(channel) : denial(asker, action, askedOf(channel, match));
}

/** What a name means, to be asked about. */
export function askedOf(name: string, { params, pattern }: Meaning): Asked {
  return { name, pattern, params };
}

/** Why the principal may not do this, which is audited; undefined where it may. */
export function denial({ access, principal, services }: Asker, action: Action, asked: Asked): WireError | undefined {
  const { isAllowed, rule } = access.decide(principal, action, asked);
  if (isAllowed) return undefined;
  const { name } = asked;
  services.audit({ kind: "denied", principal: principal.id, action, name, rule });
  return wireError("policy/denied", `${principal.id} may not ${phrases[action]} ${name}`);
}

/** What becomes of a log that could not be opened: the client tries again. */
export function logUnavailable(cause: unknown): WireError {
  return wireError("server/log-unavailable", "the channel's log cannot be read now", { retryAfterMs: 1_000, cause });
}

function unknown(channel: string): WireError {
  return wireError("channel/unknown", `there is no channel ${channel}`);
}

const phrases: Readonly<Record<Action, string>> = {
  subscribe: "subscribe to",
  publish: "publish to",
  presence: "be present on",
  history: "read the history of",
  call: "call",
  operate: "operate",
};
