import type { Clock, Timer } from "../kernel/clock.js";
import { BusbarError } from "../kernel/errors.js";
import type { PresenceMember } from "../wire/messages.js";
import { Presence } from "./presence.js";
import type { PresenceAll, PresenceChange } from "./sink.js";

/** Whoever is told about a channel's presence. */
export interface PresenceWatcher {
  presenceChanged(change: PresenceChange): void;
}

export interface PresenceLimits {
  /** So many members can be present on one channel. */
  readonly membersMax: number;
  /** A member whose connection is gone without a word stays for so long. */
  readonly leaseMs: number;
}

export interface PresenceFeedOptions {
  readonly channel: string;
  readonly limits: PresenceLimits;
  readonly clock: Clock;
  /** Told of each change of one member, so that it can be remembered; undefined: it left. */
  readonly onChange: (member: string, state: PresenceMember | undefined) => void;
  /** Told when the last member left by the end of its lease. */
  readonly onEmpty: () => void;
}

/** The first change after quiet is told after this time. */
const TELL_AFTER_MS = 50;
/** Watchers are told at most once in as many milliseconds as there are watchers, and at least once in this time. */
const TELL_EVERY_MS_MAX = 1_000;

/**
 * A channel's presence and who watches it.
 *
 * What changes within a moment is told together, and the moment grows with the number of watchers: who joins together
 * causes no storm.
 */
export class PresenceFeed {
  readonly #options: PresenceFeedOptions;
  readonly #presence = new Presence();
  readonly #watchers = new Set<PresenceWatcher>();
  /** The members whose connections are gone, with the ends of their leases. */
  readonly #leases = new Map<string, Timer>();
  #all: PresenceAll | undefined;
  #telling: Timer | undefined;
  #toldAtMs = Number.NEGATIVE_INFINITY;
  #hasRemembered = false;
  #isClosed = false;

  constructor(options: PresenceFeedOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#presence.size;
  }

  get watcherCount(): number {
    return this.#watchers.size;
  }

  /** Everybody, for a watcher. The same object until something changes. */
  snapshot(): PresenceAll {
    const members = this.#presence.show();
    if (this.#all?.members !== members) this.#all = { kind: "all", channel: this.#options.channel, members };
    return this.#all;
  }

  /**
   * Add a member, give one that is there a new state, or take one back whose connection was gone.
   *
   * @throws BusbarError `hub/not-your-member` where somebody else has this name, `hub/too-many-members`.
   */
  join(member: PresenceMember): void {
    const { channel, limits, onChange } = this.#options;
    const { membersMax } = limits;
    const known = this.#presence.get(member.member);
    if (known !== undefined && known.id !== member.id)
      throw new BusbarError("hub/not-your-member", "another principal is present under this name");
    if (known === undefined && this.#presence.size >= membersMax) {
      const message = `${channel} has as many members as it may, ${membersMax}`;
      throw new BusbarError("hub/too-many-members", message, { retryable: true });
    }
    this.#endLease(member.member);
    if (known !== undefined && isSame(known, member)) return;
    this.#tellLater();
    this.#presence.join(member);
    onChange(member.member, member);
  }

  leave(name: string): void {
    this.#endLease(name);
    if (!this.#presence.has(name)) return;
    this.#tellLater();
    this.#presence.leave(name);
    this.#options.onChange(name, undefined);
  }

  /** The member's connection is gone: it leaves when its lease ends, unless it joins again before. */
  lapse(name: string): void {
    if (this.#isClosed || !this.#presence.has(name) || this.#leases.has(name)) return;
    const timer = this.#options.clock.schedule(this.#options.limits.leaseMs, () => {
      this.leave(name);
      if (this.size === 0) this.#options.onEmpty();
    });
    this.#leases.set(name, timer);
  }

  /**
   * Hear whom the store remembers, each time it opened the log.
   *
   * The first time, those whom it remembers from before are taken in as members whose connections are gone. In
   * whatever else it differs, `onChange` is told how it is.
   */
  remember(remembered: readonly PresenceMember[]): void {
    const { onChange } = this.#options;
    const names = new Set(remembered.map(({ member }) => member));
    for (const member of remembered) {
      const known = this.#presence.get(member.member);
      if (known === undefined && !this.#hasRemembered) this.#takeIn(member);
      else if (known === undefined || !isSame(known, member)) onChange(member.member, known);
    }
    this.#hasRemembered = true;
    for (const [name, member] of this.#presence.members) if (!names.has(name)) onChange(name, member);
  }

  /** Tell changes from now on. What changed just before is told, too, although a snapshot holds it already. */
  watch(watcher: PresenceWatcher): void {
    this.#watchers.add(watcher);
  }

  unwatch(watcher: PresenceWatcher): void {
    this.#watchers.delete(watcher);
  }

  /** Nothing is told any more, and nobody leaves. */
  close(): void {
    this.#isClosed = true;
    this.#telling?.cancel();
    for (const timer of this.#leases.values()) timer.cancel();
    this.#leases.clear();
  }

  /** Nobody has been shown anything yet, so nothing is told of it. */
  #takeIn(member: PresenceMember): void {
    this.#presence.join(member);
    this.#presence.takeChanges();
    this.lapse(member.member);
  }

  #endLease(name: string): void {
    this.#leases.get(name)?.cancel();
    this.#leases.delete(name);
  }

  #tellLater(): void {
    if (this.#isClosed || this.#telling !== undefined) return;
    const { clock } = this.#options;
    const everyMs = Math.min(TELL_EVERY_MS_MAX, this.#watchers.size);
    const delayMs = Math.max(TELL_AFTER_MS, this.#toldAtMs + everyMs - clock.now());
    this.#telling = clock.schedule(delayMs, () => this.#tell());
  }

  #tell(): void {
    this.#telling = undefined;
    this.#toldAtMs = this.#options.clock.now();
    const difference = this.#presence.takeChanges();
    if (difference.joined.length === 0 && difference.left.length === 0) return;
    const change: PresenceChange = { kind: "change", channel: this.#options.channel, ...difference };
    for (const watcher of this.#watchers) watcher.presenceChanged(change);
  }
}

function isSame(one: PresenceMember, other: PresenceMember): boolean {
  return one.id === other.id && JSON.stringify(one.state) === JSON.stringify(other.state);
}
