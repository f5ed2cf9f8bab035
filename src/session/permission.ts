import type { Principal } from "../auth/principal.js";
import { isAllowed } from "../auth/roles.js";
import type { Allow } from "../contract/channel.js";
import type { ChannelMatch, Contract } from "../contract/contract.js";
import { wireError } from "../wire/errors.js";

export interface Asker {
  readonly contract: Contract;
  readonly principal: Principal;
}

/**
 * Find what kind of channel a name means, for a principal that may do this on it.
 *
 * @throws WireError `channel/unknown` or `policy/denied`.
 */
export function permit({ contract, principal }: Asker, channel: string, what: keyof Allow): ChannelMatch {
  const match = contract.match(channel);
  if (match === undefined) throw wireError("channel/unknown", `there is no channel ${channel}`);
  if (!isAllowed(principal, match.definition.allow[what])) {
    throw wireError("policy/denied", `${principal.id} may not ${phrases[what]} ${channel}`);
  }
  return match;
}

const phrases: Readonly<Record<keyof Allow, string>> = {
  subscribe: "subscribe to",
  publish: "publish to",
  presence: "be present on",
};
