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
 * The names of a client that calls itself `client`: the same on all of its connections, also after a restart of the
 * server, and nothing in them tells its own name. Without one they are random.
 */
export function identityOf(client: string | undefined, random: Random): Identity {
  if (client === undefined) {
    return { session: randomHex(random, 16), member: randomHex(random, 8), producer: undefined };
  }
  return {
    session: digestName(`busbar session ${client}`, 16),
    member: digestName(`busbar member ${client}`, 8),
    producer: digestName(`busbar producer ${client}`, 16),
  };
}
