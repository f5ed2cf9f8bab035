import type { PresenceMember } from "../wire/messages.js";

/** What became of a channel's members since it was last asked for. */
export interface PresenceDifference {
  /** Who came, and who has a new state. */
  readonly joined: readonly PresenceMember[];
  readonly left: readonly string[];
}

/** Who is there: pure data. Changes are gathered until somebody takes them. */
export class Presence {
  readonly #members = new Map<string, PresenceMember>();
  /** The members that were touched since the changes were last taken, and whether they were there before. */
  readonly #touched = new Map<string, boolean>();
  #all: readonly PresenceMember[] | undefined;

  get size(): number {
    return this.#members.size;
  }

  /** Everybody, in the order they came. The same array until something changes. */
  get all(): readonly PresenceMember[] {
    this.#all ??= [...this.#members.values()];
    return this.#all;
  }

  has(name: string): boolean {
    return this.#members.has(name);
  }

  get(name: string): PresenceMember | undefined {
    return this.#members.get(name);
  }

  /** Add a member, or replace one of the same name. */
  join(member: PresenceMember): void {
    this.#touch(member.member);
    this.#members.set(member.member, member);
  }

  /** Remove a member, if it is there. */
  leave(name: string): void {
    if (!this.#members.has(name)) return;
    this.#touch(name);
    this.#members.delete(name);
  }

  /** What changed since the last call: who came and went in between is in neither list. */
  takeChanges(): PresenceDifference {
    const joined: PresenceMember[] = [];
    const left: string[] = [];
    for (const [name, wasThere] of this.#touched) {
      const member = this.#members.get(name);
      if (member !== undefined) joined.push(member);
      else if (wasThere) left.push(name);
    }
    this.#touched.clear();
    return { joined, left };
  }

  #touch(name: string): void {
    this.#all = undefined;
    if (!this.#touched.has(name)) this.#touched.set(name, this.#members.has(name));
  }
}
