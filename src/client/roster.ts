import type { PresenceMember, PresencePush } from "../wire/messages.js";

/** Who is there, as the server's presence pushes tell it. */
export class Roster {
  #byMember: Map<string, PresenceMember> | undefined;

  /** Whether the server has said who is there since the last `forget`. */
  get isKnown(): boolean {
    return this.#byMember !== undefined;
  }

  /** Everybody, in the order in which they came. */
  get members(): readonly PresenceMember[] {
    return [...(this.#byMember?.values() ?? [])];
  }

  apply(push: PresencePush): void {
    if ("members" in push) {
      this.#byMember = new Map(push.members.map((member) => [member.member, member]));
      return;
    }
    for (const name of push.left) this.#byMember?.delete(name);
    for (const member of push.joined) this.#byMember?.set(member.member, member);
  }

  /** The subscription is over: from here on nobody says who comes and goes. */
  forget(): void {
    this.#byMember = undefined;
  }
}
