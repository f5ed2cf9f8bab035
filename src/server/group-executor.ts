import type { Principal } from "../auth/principal.js";
import { BusbarError } from "../kernel/errors.js";
import type { Abortable, Executor, RunOptions, Seat } from "../pipeline/executor.js";
import { groupPrefix } from "../pipeline/jobs.js";
import type { Produced, Work } from "../pipeline/production.js";

/** Takes a group's messages, so many at a time. */
export interface GroupMember {
  readonly handle: (work: Work<Principal>, abort: Abortable) => Promise<void>;
  readonly parallelMax: number;
  /** How many it has now. */
  busy: number;
}

const handled: Produced = { kind: "outputs", payload: undefined, emitted: [] };

/** Gives the messages of groups to their members: to the one that has most room. */
export class GroupExecutor implements Executor<Principal> {
  readonly #members = new Map<string, Set<GroupMember>>();
  readonly #listeners: (() => void)[] = [];

  has(pattern: string): boolean {
    return pattern.startsWith(groupPrefix);
  }

  isLeased(): boolean {
    return false;
  }

  seat(queue: string): Seat<Principal> | undefined {
    let best: GroupMember | undefined;
    for (const member of this.#members.get(queue) ?? []) {
      if (member.busy >= member.parallelMax) continue;
      if (best === undefined || member.busy / member.parallelMax < best.busy / best.parallelMax) best = member;
    }
    return best && this.#seatOf(best);
  }

  /** Nobody waits for a group. */
  run(): Promise<Produced> {
    return Promise.reject(new BusbarError("pipeline/no-room", "a group's messages come from its queue"));
  }

  onRoom(listener: () => void): void {
    this.#listeners.push(listener);
  }

  /** Have a member share the work; returns the function that ends it, and tells whether it was the last one. */
  join(queue: string, member: GroupMember): () => boolean {
    const members = this.#members.get(queue) ?? new Set();
    this.#members.set(queue, members);
    members.add(member);
    this.#offerRoom();
    return () => {
      members.delete(member);
      if (members.size > 0) return false;
      this.#members.delete(queue);
      return true;
    };
  }

  #seatOf(member: GroupMember): Seat<Principal> {
    let isTaken = true;
    let isUsed = false;
    member.busy++;
    return {
      run: async (work: Work<Principal>, { abort }: RunOptions) => {
        isUsed = true;
        await member.handle(work, abort);
        return handled;
      },
      leave: () => {
        if (!isTaken) return;
        isTaken = false;
        member.busy--;
        // Who leaves a place without having used it had nothing to do.
        if (isUsed) this.#offerRoom();
      },
    };
  }

  #offerRoom(): void {
    for (const listener of this.#listeners) listener();
  }
}
