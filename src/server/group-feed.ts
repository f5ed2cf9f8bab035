import type { Contract } from "../contract/contract.js";
import type { Hub } from "../hub/hub.js";
import type { Gap, Sink } from "../hub/sink.js";
import type { Message } from "../hub/store.js";
import type { Subscription } from "../hub/subscription.js";
import { causeText } from "../kernel/cause-text.js";
import type { Clock, Timer } from "../kernel/clock.js";
import type { BusbarError } from "../kernel/errors.js";
import type { Logger } from "../kernel/logger.js";
import type { GroupPosition, GroupStore } from "../pipeline/group-store.js";
import type { JobDraft } from "../pipeline/job-store.js";
import { ownOrigin } from "../pipeline/message-id.js";
import { digestName } from "../protocol/digest-name.js";

/** So many messages of a channel are on their way from its log into a group's queue. */
const BUFFERED_MAX = 256;

/** A channel in which nothing happens for so long is let go of. */
const IDLE_MS = 10_000;

/** A queue that is full is looked at again after this time. */
const FULL_AGAIN_MS = 50;

/** When something that did not work is tried again. */
const AGAIN_MS = 1_000;

/** So many channels are looked at at once at the start. */
const CHANNELS_AT_ONCE = 64;

export interface GroupFeedOptions {
  readonly group: string;
  readonly pattern: string;
  /** The name of the group's queue. */
  readonly queue: string;
  readonly keyOf: (message: GroupPayload, channel: string) => string;
  readonly contract: Contract;
  readonly hub: Hub;
  readonly groups: GroupStore;
  /** Take a message into the group's queue; harmless when it is there already. */
  readonly accept: (draft: JobDraft) => Promise<void>;
  /** Whether the group's queue would take all of these now. */
  readonly hasRoomFor: (drafts: readonly JobDraft[]) => boolean;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly onGap: (channel: string, gap: Gap) => void;
}

/** A delivered message, as a group's queue keeps it. */
export interface GroupPayload {
  readonly data: unknown;
  readonly position: { readonly epoch: string; readonly offset: number };
  readonly from: string;
  readonly at: number;
}

/** Brings the messages of a pattern's channels into a group's queue, each once, from where the group stands. */
export class GroupFeed {
  readonly #options: GroupFeedOptions;
  readonly #channels = new Map<string, ChannelFeed>();
  #unwatch: () => void = () => {};
  #isClosed = false;

  constructor(options: GroupFeedOptions) {
    this.#options = options;
  }

  /**
   * Begin: with what is new in the channels that there are. A group that is new stands at their ends, or before their
   * first messages.
   *
   * Rejects with what a store rejects with.
   */
  async open(isNew: boolean, from: "now" | "start"): Promise<void> {
    const { groups, hub } = this.#options;
    const appended = new Set<string>();
    this.#unwatch = hub.watchAppends((channel) => void appended.add(channel));
    let after = "";
    for (;;) {
      const names = await groups.channels(after, CHANNELS_AT_ONCE);
      const last = names.at(-1);
      if (last === undefined) break;
      after = last;
      await Promise.all(
        names.filter((name) => this.#follows(name)).map((name) => this.#begin(name, isNew && from === "now")),
      );
    }
    this.#unwatch();
    this.#unwatch = hub.watchAppends((channel) => this.#appended(channel));
    for (const channel of appended) this.#appended(channel);
  }

  close(): void {
    this.#isClosed = true;
    this.#unwatch();
    for (const feed of this.#channels.values()) feed.close();
    this.#channels.clear();
  }

  async #begin(channel: string, isAtEnd: boolean): Promise<void> {
    if (!isAtEnd) return this.#feed(channel).opened;
    const { group, groups, hub } = this.#options;
    const subscription = await hub.subscribe(channel, { from: "now", sink: nowhere, hasPresence: false });
    await groups.move(group, [{ channel, ...subscription.position }]);
    subscription.end();
  }

  #follows(channel: string): boolean {
    return this.#options.contract.match(channel)?.pattern === this.#options.pattern;
  }

  #appended(channel: string): void {
    if (this.#channels.has(channel) || !this.#follows(channel)) return;
    this.#feed(channel);
  }

  #feed(channel: string): ChannelFeed {
    const known = this.#channels.get(channel);
    if (known !== undefined) return known;
    const feed = new ChannelFeed(channel, this.#options, () => {
      this.#channels.delete(channel);
    });
    if (this.#isClosed) feed.close();
    else this.#channels.set(channel, feed);
    return feed;
  }
}

/** One channel's way into the group's queue. */
class ChannelFeed implements Sink {
  /** Resolves when it stands where the group stands, or that did not work and will be tried again. */
  readonly opened: Promise<void>;
  readonly #channel: string;
  readonly #options: GroupFeedOptions;
  readonly #onIdle: () => void;
  #buffer: Message[] = [];
  #subscription: Subscription | undefined;
  #isMoving = false;
  #isWaiting = false;
  #isClosed = false;
  #timer: Timer | undefined;

  constructor(channel: string, options: GroupFeedOptions, onIdle: () => void) {
    this.#channel = channel;
    this.#options = options;
    this.#onIdle = onIdle;
    this.opened = this.#open();
  }

  get isBusy(): boolean {
    return this.#buffer.length > 0;
  }

  message(message: Message): boolean {
    if (this.#buffer.length >= BUFFERED_MAX) return false;
    this.#buffer.push(message);
    if (!this.#isMoving) this.#moveOn();
    return true;
  }

  gap(gap: Gap): void {
    const { group, logger, onGap } = this.#options;
    const lost = gap.lost === undefined ? "unknown" : `${gap.lost.from}-${gap.lost.to}`;
    logger.error("group/gap", { group, channel: this.#channel, lost });
    onGap(this.#channel, gap);
  }

  presence(): boolean {
    return true;
  }

  waits(): void {
    this.#isWaiting = true;
    if (!this.#isMoving) this.#moveOn();
  }

  tooSlow(): void {}

  ended(error: BusbarError): void {
    this.#failed(error);
  }

  close(): void {
    this.#isClosed = true;
    this.#timer?.cancel();
    this.#subscription?.end();
  }

  async #open(): Promise<void> {
    const { group, groups, hub } = this.#options;
    try {
      const known = await groups.position(group, this.#channel);
      const from = known === undefined ? "start" : { epoch: known.epoch, offset: known.offset };
      const subscription = await hub.subscribe(this.#channel, { from, sink: this, hasPresence: false });
      if (this.#isClosed) return subscription.end();
      this.#subscription = subscription;
      subscription.start();
      this.#rest();
    } catch (error) {
      this.#failed(error);
    }
  }

  /** Begin anew after a while, from where the group stands. */
  #failed(error: unknown): void {
    const { clock, group, logger } = this.#options;
    if (this.#isClosed) return;
    logger.error("group/failed", { group, channel: this.#channel, cause: causeText(error) });
    this.#subscription?.end();
    this.#subscription = undefined;
    this.#buffer = [];
    this.#timer?.cancel();
    this.#timer = clock.schedule(AGAIN_MS, () => this.#openAgain());
  }

  /** It never rejects: what goes wrong is tried again. */
  #openAgain(): void {
    this.#open().then(
      () => {},
      () => {},
    );
  }

  #moveOn(): void {
    this.#isMoving = true;
    this.#timer?.cancel();
    // Once more when the buffer has been filled meanwhile.
    this.#move().then(
      () => {
        this.#isMoving = false;
        if (this.#buffer.length > 0) this.#moveOn();
        else this.#rest();
      },
      (error: unknown) => {
        this.#isMoving = false;
        this.#failed(error);
      },
    );
  }

  /** Take as much of what is in the buffer into the queue as fits, and note how far that is. */
  async #move(): Promise<void> {
    const { accept, clock, group, groups, hasRoomFor } = this.#options;
    const epoch = this.#subscription?.position.epoch ?? "";
    // All of them or none: one that fits must not overtake one that does not. What comes meanwhile is the next round.
    let drafts = this.#buffer.map((message) => this.#draftOf(message, epoch));
    while (!hasRoomFor(drafts)) drafts = drafts.slice(0, Math.floor(drafts.length / 2));
    const last = this.#buffer[drafts.length - 1];
    if (last !== undefined) {
      await Promise.all(drafts.map((draft) => accept(draft)));
      const position: GroupPosition = { channel: this.#channel, epoch, offset: last.offset };
      await groups.move(group, [position]);
      this.#buffer = this.#buffer.slice(drafts.length);
    } else if (this.#buffer.length > 0) {
      await new Promise<void>((resolve) => {
        this.#timer = clock.schedule(FULL_AGAIN_MS, resolve);
      });
    }
    if (!this.#isWaiting || this.#buffer.length > 0) return;
    this.#isWaiting = false;
    this.#subscription?.drained();
  }

  /** Let go of the channel when nothing has happened for a while. */
  #rest(): void {
    if (this.#isClosed || this.#isMoving) return;
    this.#timer?.cancel();
    this.#timer = this.#options.clock.schedule(IDLE_MS, () => {
      this.close();
      this.#onIdle();
    });
  }

  #draftOf({ at, from, offset, payload }: Message, epoch: string): JobDraft {
    const { group, keyOf, queue } = this.#options;
    const channel = this.#channel;
    const kept: GroupPayload = { data: JSON.parse(payload), position: { epoch, offset }, from, at };
    const id = digestName(`busbar group ${group} ${epoch} ${offset} ${channel}`, 16);
    return {
      id,
      queue,
      channel,
      key: keyOf(kept, channel),
      payload: JSON.stringify(kept),
      principal: JSON.stringify({ id: from }),
      at,
      dueAt: undefined,
      origin: ownOrigin(id),
      firstSentAt: undefined,
    };
  }
}

/** For a subscription of which only the position is wanted. */
const nowhere: Sink = {
  isBusy: false,
  message: () => true,
  gap: () => {},
  presence: () => true,
  waits: () => {},
  tooSlow: () => {},
  ended: () => {},
};
