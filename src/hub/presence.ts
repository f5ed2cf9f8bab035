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
  /** The members that were touched since the changes were last taken. */
  readonly #touched = new Set<string>();
  /** Those of them who came since and were shown to nobody: should they go again, nobody needs to hear of it. */
  readonly #unseen = new Set<string>();
  #all: readonly PresenceMember[] | undefined;

  get size(): number {
    return this.#members.size;
  }

  /** Everybody by name. */
  get members(): ReadonlyMap<string, PresenceMember> {
    return this.#members;
  }

  has(name: string): boolean {
    return this.#members.has(name);
  }

  get(name: string): PresenceMember | undefined {
    return this.#members.get(name);
  }

  /**
   * Everybody, in the order they came, for somebody who is told all changes from the next ones on.
   *
   * The same array until something changes.
   */
  show(): readonly PresenceMember[] {
    this.#unseen.clear();
    this.#all ??= [...this.#members.values()];
    return this.#all;
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

  /** What changed since the last call: who came and went in between, unseen, is in neither list. */
  takeChanges(): PresenceDifference {
    const joined: PresenceMember[] = [];
    const left: string[] = [];
    for (const name of this.#touched) {
      const member = this.#members.get(name);
      if (member !== undefined) joined.push(member);
      else if (!this.#unseen.has(name)) left.push(name);
    }
    this.#touched.clear();
    this.#unseen.clear();
    return { joined, left };
  }

  #touch(name: string): void {
    this.#all = undefined;
    if (this.#touched.has(name)) return;
    this.#touched.add(name);
    if (!this.#members.has(name)) this.#unseen.add(name);
  }
}
