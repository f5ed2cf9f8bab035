import { causeText } from "../kernel/cause-text.js";
import type { Clock } from "../kernel/clock.js";
import type { Logger } from "../kernel/logger.js";
import type { Position, PresenceMember, SubscribeFrom } from "../wire/messages.js";
import type { Published } from "./append-line.js";
import { ChannelLog, type LogLimits } from "./channel-log.js";
import type { Policy } from "./cursor.js";
import { PresenceFeed, type PresenceLimits } from "./presence-feed.js";
import type { Sink } from "./sink.js";
import type { Batch, Draft, LogOptions, Origin, Rider, Store, StoredMember } from "./store.js";
import { Subscription } from "./subscription.js";
import { Transactions, type BatchPublished } from "./transactions.js";

export interface HubLimits extends LogLimits, PresenceLimits {}

/** The one table of defaults. */
export const hubLimits: HubLimits = {
  readMessagesMax: 256,
  readBytesMax: 65_536,
  appendMessagesMax: 256,
  membersMax: 10_000,
  leaseMs: 30_000,
};

export interface HubOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly logger: Logger;
  /** How a channel's log is kept. */
  readonly optionsOf: (channel: string) => LogOptions;
  readonly limits?: Partial<HubLimits>;
}

export interface SubscribeOptions<To extends Sink = Sink> {
  readonly from: SubscribeFrom;
  readonly sink: To;
  /** Whether the subscriber is told who is there. */
  readonly hasPresence: boolean;
  /** What the subscriber may not see: everything up to there. Default: nothing. */
  readonly since?: Position | "now" | undefined;
  /** Default: `all`. */
  readonly policy?: Policy;
}

interface Channel {
  readonly log: ChannelLog;
  readonly presence: PresenceFeed;
  /** Subscriptions, and calls that are under way. */
  uses: number;
  /** Ends a use; the same function for all of them, as each may last for days. */
  readonly letGo: () => void;
}

const takeAll: Policy = { kind: "all" };

/** What a hub holds. */
export interface HubCounts {
  /** Channels in use. */
  readonly channels: number;
  /** Subscriptions at the heads of their logs. */
  readonly live: number;
  /** Subscriptions that are told who is there. */
  readonly watchers: number;
}

/** All channels of a server. A channel exists here while somebody publishes, subscribes or is present. */
export class Hub {
  readonly #options: HubOptions;
  readonly #limits: HubLimits;
  readonly #channels = new Map<string, Channel>();
  readonly #transactions: Transactions;
  readonly #appendListeners = new Set<(channel: string) => void>();
  #isClosed = false;

  constructor(options: HubOptions) {
    this.#options = options;
    this.#limits = { ...hubLimits, ...options.limits };
    this.#transactions = new Transactions(options.store);
  }

  /** How many channels are in use. */
  get channelCount(): number {
    return this.#channels.size;
  }

  get counts(): HubCounts {
    let live = 0;
    let watchers = 0;
    for (const { log, presence } of this.#channels.values()) {
      live += log.liveCount;
      watchers += presence.watcherCount;
    }
    return { channels: this.channelCount, live, watchers };
  }

  /**
   * Append a message to the channel's log and push it to the subscribers; resolves with its position.
   *
   * Messages of one channel are appended in the order of the calls. Rejects with `hub/not-opened`, with
   * `hub/unknown-repeat`, or with `hub/not-appended`: then whether it was published is unknown.
   */
  publish(name: string, draft: Draft): Promise<Published> {
    // Nobody counts it as a use: the log is busy, and so kept, until the message is in it.
    const { log } = this.#channels.get(name) ?? this.#add(name);
    return log.append(draft);
  }

  /**
   * Append messages to several channels' logs and push them, all or none of them; with what else is to be written in the
   * same transaction. Each channel occurs once; the answers are in the order of the batches and their drafts.
   *
   * Rejects with `hub/no-transactions`, `hub/not-opened`, or with `hub/not-appended`: then it is unknown whether all of
   * it was published, or nothing.
   */
  async publishAll(batches: readonly Batch[], rider?: Rider): Promise<readonly BatchPublished[]> {
    const channels = batches.map(({ channel, drafts }) => ({ name: channel, drafts, channel: this.#use(channel) }));
    try {
      const logs = channels.map(({ channel, drafts, name }) => ({ channel: name, log: channel.log, drafts }));
      return await this.#transactions.publishAll(logs, rider);
    } finally {
      for (const { channel, name } of channels) this.#letGo(name, channel);
    }
  }

  /** The position of the message with this origin, where it is remembered. Rejects with `hub/not-opened` or `hub/not-read`. */
  find(name: string, origin: Pick<Origin, "producer" | "sequence">): Promise<Position | undefined> {
    return this.#using(name, ({ log }) => log.find(origin));
  }

  /**
   * Put a cursor on the channel's log. Nothing reaches the sink before `start()`; `end()` must be called.
   *
   * Rejects with `hub/not-opened` or `hub/not-read`.
   */
  async subscribe<To extends Sink>(name: string, options: SubscribeOptions<To>): Promise<Subscription<To>> {
    const { from, hasPresence, policy = takeAll, since, sink } = options;
    const channel = this.#use(name);
    const onEnd = channel.letGo;
    try {
      await channel.log.open();
      const { log, presence } = channel;
      const place = await log.placeOf(from, since);
      return new Subscription({ log, sink, place, policy, presence: hasPresence ? presence : undefined, onEnd });
    } catch (error) {
      onEnd();
      throw error;
    }
  }

  /**
   * Be present on the channel until `leave`. A member of the same name gets a new state, or is taken back.
   *
   * Rejects with `hub/too-many-members`, `hub/not-your-member` or `hub/not-opened`.
   */
  join(name: string, member: PresenceMember): Promise<void> {
    return this.#using(name, ({ presence }) => presence.join(member));
  }

  /**
   * Call `listener` with the name of each channel in whose log there is more, of those that are in use; returns the
   * function that ends it.
   */
  watchAppends(listener: (channel: string) => void): () => void {
    this.#appendListeners.add(listener);
    return () => void this.#appendListeners.delete(listener);
  }

  leave(name: string, member: string): void {
    this.#touch(name, ({ presence }) => presence.leave(member));
  }

  /** The member's connection is gone without a word: it leaves after its lease, unless it joins again before. */
  lapse(name: string, member: string): void {
    this.#touch(name, ({ presence }) => presence.lapse(member));
  }

  /**
   * Let no timer go on: nobody leaves any more. Who is present is so, as far as the store remembers it, after the next
   * start. Before the store is closed.
   */
  close(): void {
    this.#isClosed = true;
    for (const { log, presence } of this.#channels.values()) {
      log.close();
      presence.close();
    }
  }

  async #using<Result>(name: string, work: (channel: Channel) => Result | Promise<Result>): Promise<Result> {
    const channel = this.#use(name);
    try {
      await channel.log.open();
      return await work(channel);
    } finally {
      this.#letGo(name, channel);
    }
  }

  /** Do something to a channel if it is in use. */
  #touch(name: string, work: (channel: Channel) => void): void {
    const channel = this.#channels.get(name);
    if (channel === undefined || this.#isClosed) return;
    channel.uses++;
    work(channel);
    this.#letGo(name, channel);
  }

  #use(name: string): Channel {
    const channel = this.#channels.get(name) ?? this.#add(name);
    channel.uses++;
    return channel;
  }

  #add(name: string): Channel {
    const { clock, optionsOf, store } = this.#options;
    const letGo = (): void => this.#touch(name, () => {});
    const presence = new PresenceFeed({
      channel: name,
      limits: this.#limits,
      clock,
      onChange: (member, state) => this.#keepMember(name, member, state),
      onEmpty: letGo,
    });
    const log = new ChannelLog({
      channel: name,
      store,
      clock,
      log: optionsOf(name),
      limits: this.#limits,
      onOpened: (members) => presence.remember(members.map(presenceMember)),
      onAppended: () => {
        for (const listener of this.#appendListeners) listener(name);
      },
      onIdle: letGo,
    });
    const channel: Channel = { log, presence, uses: 0, letGo: () => this.#letGo(name, channel) };
    if (this.#isClosed) presence.close();
    this.#channels.set(name, channel);
    return channel;
  }

  /** Have the store remember who is present; nobody waits for it. */
  #keepMember(channel: string, member: string, state: PresenceMember | undefined): void {
    const { logger, store } = this.#options;
    const kept = state && { id: state.id, state: JSON.stringify(state.state) };
    store.present(channel, member, kept).catch((error: unknown) => {
      logger.error("hub/presence-not-kept", { channel, cause: causeText(error) });
    });
  }

  #letGo(name: string, channel: Channel): void {
    channel.uses--;
    if (channel.uses > 0 || channel.presence.size > 0 || channel.log.isBusy) return;
    this.#channels.delete(name);
    channel.presence.close();
    channel.log.release().catch((error: unknown) => {
      this.#options.logger.error("hub/not-released", { channel: name, cause: causeText(error) });
    });
  }
}

function presenceMember({ id, member, state }: StoredMember): PresenceMember {
  return { member, id, state: JSON.parse(state) };
}
