import { digestName } from "../protocol/digest-name.js";

/** Which publish of which producer a message is. */
interface Origin {
  readonly producer: string;
  readonly sequence: number;
}

/** So many digests are remembered; then one begins anew. */
const NAMES_MAX = 4_096;

/** Names messages by their publishes, so that each repeat of a publish has the same name. */
export class MessageIds {
  /** Digests of producers on channels: finding one out takes longer than all else that a message needs. */
  readonly #names = new Map<string, string>();

  /** The id of a message, of at most 41 ASCII characters. It tells nothing of who published it, or where. */
  of(channel: string, { producer, sequence }: Origin): string {
    const text = `busbar message ${producer} ${channel}`;
    let name = this.#names.get(text);
    if (name === undefined) {
      name = digestName(text, 12);
      if (this.#names.size >= NAMES_MAX) this.#names.clear();
      this.#names.set(text, name);
    }
    return `${name}.${sequence}`;
  }
}

/** The origin of what comes out of a message that has none of its own. */
export function ownOrigin(id: string): Origin {
  return { producer: `message.${id}`, sequence: 1 };
}

/** The origin of the message that was emitted with another, as the one with this index. */
export function emittedOrigin(id: string, index: number): Origin {
  return { producer: `message.${id}`, sequence: index + 2 };
}
