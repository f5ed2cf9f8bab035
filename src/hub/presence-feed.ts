import type { Turns } from "../kernel/clock.js";
import { BusbarError } from "../kernel/errors.js";
import type { PresenceMember } from "../wire/messages.js";
import { Presence } from "./presence.js";
import type { PresenceAll, PresenceChange } from "./sink.js";

/** Whoever is told about a channel's presence. */
export interface PresenceWatcher {
  presenceChanged(change: PresenceChange): void;
}

export interface PresenceFeedOptions {
  readonly channel: string;
  readonly turns: Turns;
  readonly membersMax: number;
}

/** A channel's presence and who watches it: what changes in one turn of the event loop is told together, once. */
export class PresenceFeed {
  readonly #options: PresenceFeedOptions;
  readonly #presence = new Presence();
  readonly #watchers = new Set<PresenceWatcher>();
  #all: PresenceAll | undefined;

  constructor(options: PresenceFeedOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#presence.size;
  }

  /** Everybody. The same object until something changes. */
  get all(): PresenceAll {
    const { all: members } = this.#presence;
    if (this.#all?.members !== members) this.#all = { kind: "all", channel: this.#options.channel, members };
    return this.#all;
  }

  /**
   * Add a member, or give one that is there a new state.
   *
   * @throws BusbarError `hub/too-many-members`.
   */
  join(member: PresenceMember): void {
    if (this.#presence.size >= this.#options.membersMax && !this.#presence.has(member.member)) {
      const message = `${this.#options.channel} has as many members as it may, ${this.#options.membersMax}`;
      throw new BusbarError("hub/too-many-members", message, { retryable: true });
    }
    this.#tellLater();
    this.#presence.join(member);
  }

  leave(name: string): void {
    this.#tellLater();
    this.#presence.leave(name);
  }

  /** Tell changes from now on. What changed before in this turn is told, too, although `all` holds it already. */
  watch(watcher: PresenceWatcher): void {
    this.#watchers.add(watcher);
  }

  unwatch(watcher: PresenceWatcher): void {
    this.#watchers.delete(watcher);
  }

  #tellLater(): void {
    if (!this.#presence.hasChanges) this.#options.turns.atEndOfTurn(() => this.#tell());
  }

  #tell(): void {
    const difference = this.#presence.takeChanges();
    if (difference.joined.length === 0 && difference.left.length === 0) return;
    const change: PresenceChange = { kind: "change", channel: this.#options.channel, ...difference };
    for (const watcher of this.#watchers) watcher.presenceChanged(change);
  }
}
