import { digestName } from "../protocol/digest-name.js";

/** Which publish of which producer a message is. */
interface Origin {
  readonly producer: string;
  readonly sequence: number;
}

/**
 * The id of a message, of 32 hexadecimal digits: the same for every repeat of a publish. Undefined where a repeat cannot
 * be recognised.
 */
export function messageId(channel: string, origin: Origin | undefined): string | undefined {
  return origin && digestName(`busbar message ${origin.producer} ${origin.sequence} ${channel}`, 16);
}

/** The origin of what comes out of a message that has none of its own. */
export function ownOrigin(id: string): Origin {
  return { producer: `message.${id}`, sequence: 1 };
}

/** The origin of the message that was emitted with another, as the one with this index. */
export function emittedOrigin(id: string, index: number): Origin {
  return { producer: `message.${id}`, sequence: index + 2 };
}
