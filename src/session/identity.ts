import type { Random } from "../kernel/random.js";
import { randomHex } from "../kernel/random-hex.js";
import { digestName } from "../protocol/digest-name.js";

/** What a client is called towards others, by whom it is told apart from others. */
export interface Identity {
  /** Names the session in logs and to its own client. */
  readonly session: string;
  /** The name of its memberships, which the others see. */
  readonly member: string;
  /** Names it as a producer; undefined for a client that did not say who it is, and cannot publish repeatably. */
  readonly producer: string | undefined;
}

/**
 * The names of a client that calls itself `client`: the same on all of its connections as this principal, also after a
 * restart of the server, and nothing in them tells its own name. Whoever learns that name is another client for all that,
 * unless they are the same principal. Without one they are random.
 */
export function identityOf(client: string | undefined, principal: string, random: Random): Identity {
  if (client === undefined) {
    return { session: randomHex(random, 16), member: randomHex(random, 8), producer: undefined };
  }
  const name = `${client} ${principal}`;
  return {
    session: digestName(`busbar session ${name}`, 16),
    member: digestName(`busbar member ${name}`, 8),
    producer: digestName(`busbar producer ${name}`, 16),
  };
}
