import type { Turns } from "../kernel/clock.js";
import type { Logger } from "../kernel/logger.js";
import type { Position, PresenceMember, SubscribeFrom } from "../wire/messages.js";
import { ChannelLog, type LogLimits } from "./channel-log.js";
import { PresenceFeed } from "./presence-feed.js";
import type { Sink } from "./sink.js";
import type { Draft, Retention, Store } from "./store.js";
import { Subscription } from "./subscription.js";

export interface HubLimits extends LogLimits {
  /** So many members can be present on one channel. */
  readonly membersMax: number;
}

const hubLimits: HubLimits = {
  readMessagesMax: 256,
  readBytesMax: 65_536,
  appendMessagesMax: 256,
  membersMax: 10_000,
};

export interface HubOptions {
  readonly store: Store;
  readonly turns: Turns;
  readonly logger: Logger;
  readonly retentionOf: (channel: string) => Retention;
  readonly limits?: Partial<HubLimits>;
}

export interface SubscribeOptions {
  readonly from: SubscribeFrom;
  readonly sink: Sink;
  /** Whether the subscriber is told who is there. */
  readonly hasPresence: boolean;
}

interface Channel {
  readonly log: ChannelLog;
  readonly presence: PresenceFeed;
  /** Subscriptions, and calls that are under way. */
  uses: number;
}

/** All channels of a server. A channel exists here while somebody publishes, subscribes or is present. */
export class Hub {
  readonly #options: HubOptions;
  readonly #limits: HubLimits;
  readonly #channels = new Map<string, Channel>();

  constructor(options: HubOptions) {
    this.#options = options;
    this.#limits = { ...hubLimits, ...options.limits };
  }

  /** How many channels are in use. */
  get channelCount(): number {
    return this.#channels.size;
  }

  /**
   * Append a message to the channel's log and push it to the subscribers; resolves with its position.
   *
   * Messages of one channel are appended in the order of the calls.
   *
   * Rejects with `hub/not-opened`, or with `hub/not-appended`: then whether it was published is unknown.
   */
  async publish(name: string, draft: Draft): Promise<Position> {
    const channel = this.#use(name);
    try {
      await channel.log.open();
      return await channel.log.append(draft);
    } finally {
      this.#letGo(name, channel);
    }
  }

  /**
   * Put a cursor on the channel's log. Nothing reaches the sink before `start()`; `end()` must be called.
   *
   * Rejects with `hub/not-opened`.
   */
  async subscribe(name: string, { from, hasPresence, sink }: SubscribeOptions): Promise<Subscription> {
    const channel = this.#use(name);
    const onEnd = (): void => this.#letGo(name, channel);
    try {
      const { log } = channel;
      await log.open();
      const place = await log.placeOf(from);
      return new Subscription({ log, sink, place, presence: hasPresence ? channel.presence : undefined, onEnd });
    } catch (error) {
      onEnd();
      throw error;
    }
  }

  /**
   * Be present on the channel until `leave`. A member of the same name gets a new state.
   *
   * @throws BusbarError `hub/too-many-members`.
   */
  join(name: string, member: PresenceMember): void {
    const channel = this.#use(name);
    try {
      channel.presence.join(member);
    } finally {
      this.#letGo(name, channel);
    }
  }

  leave(name: string, member: string): void {
    const channel = this.#use(name);
    channel.presence.leave(member);
    this.#letGo(name, channel);
  }

  #use(name: string): Channel {
    const channel = this.#channels.get(name) ?? this.#add(name);
    channel.uses++;
    return channel;
  }

  #add(name: string): Channel {
    const { retentionOf, store, turns } = this.#options;
    const { membersMax } = this.#limits;
    const channel: Channel = {
      log: new ChannelLog({ channel: name, store, retention: retentionOf(name), limits: this.#limits }),
      presence: new PresenceFeed({ channel: name, turns, membersMax }),
      uses: 0,
    };
    this.#channels.set(name, channel);
    return channel;
  }

  #letGo(name: string, channel: Channel): void {
    channel.uses--;
    if (channel.uses > 0 || channel.presence.size > 0) return;
    this.#channels.delete(name);
    channel.log.release().catch((error: unknown) => {
      this.#options.logger.error("hub/not-released", { channel: name, error: String(error) });
    });
  }
}
