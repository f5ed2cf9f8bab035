import { portableTextCodec as text } from "../kernel/text-codec.js";
import type { Random } from "../kernel/random.js";
import { randomHex } from "../kernel/random-hex.js";
import { sha1 } from "../protocol/sha1.js";

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
    session: derived("session", client, 16),
    member: derived("member", client, 8),
    producer: derived("producer", client, 16),
  };
}

function derived(purpose: string, client: string, bytes: number): string {
  const secret = `busbar ${purpose} ${client}`;
  const message = new Uint8Array(text.byteLength(secret));
  text.encodeInto(secret, message, 0);
  return Array.from(sha1(message).subarray(0, bytes), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
