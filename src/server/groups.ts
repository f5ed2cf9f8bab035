import type { Contract } from "../contract/contract.js";
import type { Params } from "../contract/pattern.js";
import type { Gap } from "../hub/sink.js";
import type { Hub } from "../hub/hub.js";
import type { Durability } from "../hub/store.js";
import type { Clock } from "../kernel/clock.js";
import { BusbarError } from "../kernel/errors.js";
import type { Logger } from "../kernel/logger.js";
import type { GroupStore } from "../pipeline/group-store.js";
import type { Jobs } from "../pipeline/jobs.js";
import { groupPrefix } from "../pipeline/jobs.js";
import { queueSettings, type QueueOptions } from "../pipeline/queued.js";
import type { Principal } from "../auth/principal.js";
import type { Position } from "../wire/messages.js";
import type { GroupExecutor, GroupMember } from "./group-executor.js";
import { GroupFeed, type GroupPayload } from "./group-feed.js";

/** A message of a channel, for a group. */
export interface GroupMessage<Data, ChannelParams> {
  readonly channel: string;
  readonly params: ChannelParams;
  readonly data: Data;
  readonly position: Position;
  /** The publisher's principal id. */
  readonly from: string;
  /** When it was published, in milliseconds since 1970 UTC. */
  readonly at: number;
}

/** What a group's handler knows beside the message. */
export interface GroupContext {
  /** From 1. */
  readonly attempt: number;
  /** The same for every attempt at this message by this group. */
  readonly idempotencyKey: string;
  /** Aborted when the handler has taken too long or the server stops. */
  readonly signal: AbortSignal;
}

/** Handles a group's messages: returning acknowledges, throwing has the message come again. */
export type GroupHandler<Data, ChannelParams> = (
  message: GroupMessage<Data, ChannelParams>,
  context: GroupContext,
) => void | Promise<void>;

export interface GroupOptions<Data, ChannelParams> extends Omit<
  QueueOptions<Data, ChannelParams, { readonly id: string }>,
  "leaseMs" | "parallelMax"
> {
  /** The group's name: at most 64 characters of `[A-Za-z0-9._~-]`. */
  readonly group: string;
  /** Where a group that is new begins: behind what is there (the default), or with the oldest message. */
  readonly from?: "now" | "start";
  /** So many messages this member has at the same time. Default: 16. */
  readonly parallelMax?: number;
  /** Told of messages that were gone from a channel's log before the group got to them. */
  readonly onGap?: (channel: string, gap: Gap) => void;
}

/** One member of a group. */
export interface GroupSubscription extends AsyncDisposable {
  readonly group: string;
  /** Take no more messages, which go to the others or wait; resolves when that is so. */
  close(): Promise<void>;
}

export interface GroupsOptions {
  readonly contract: Contract;
  readonly hub: Hub;
  readonly executor: GroupExecutor;
  /** What keeps a durability's groups and their queues; none where the store cannot. */
  readonly stores: (
    durability: Durability,
  ) => { readonly groups: GroupStore; readonly jobs: Jobs<Principal> } | undefined;
  readonly durabilityOf: (pattern: string) => Durability;
  readonly clock: Clock;
  readonly logger: Logger;
}

type AnyHandler = GroupHandler<unknown, Params>;
type AnyOptions = GroupOptions<unknown, Params>;

/** A group that has members. */
interface Group {
  readonly pattern: string;
  readonly feed: GroupFeed;
  readonly jobs: Jobs<Principal>;
  /** Resolves when it is at work. */
  readonly opened: Promise<void>;
}

/** The groups of server-side subscribers: durable cursors with names, whose members share the work. */
export class Groups {
  readonly #options: GroupsOptions;
  readonly #groups = new Map<string, Group>();

  constructor(options: GroupsOptions) {
    this.#options = options;
  }

  /** Rejects with `group/invalid`, `group/no-store`, or what a store rejects with. */
  async subscribe(pattern: string, options: AnyOptions, handler: AnyHandler): Promise<GroupSubscription> {
    const { executor } = this.#options;
    const name = options.group;
    const queue = `${groupPrefix}${name}`;
    const group = this.#groups.get(name) ?? this.#open(pattern, options);
    if (group.pattern !== pattern) throw invalid(`the group ${name} follows ${group.pattern} already`);
    this.#groups.set(name, group);
    try {
      await group.opened;
    } catch (error) {
      this.#end(name, group);
      throw error;
    }
    const leave = executor.join(queue, this.#memberOf(options, handler));
    const close = async (): Promise<void> => {
      if (leave()) this.#end(name, group);
    };
    return { group: name, close, [Symbol.asyncDispose]: close };
  }

  /** Forget a group that has no members, with where it stood. Rejects with `group/invalid` where it has some. */
  async forget(name: string): Promise<void> {
    if (this.#groups.has(name)) throw invalid(`the group ${name} has members`);
    for (const durability of ["memory", "disk"] as const) {
      await this.#options.stores(durability)?.groups.forget(name);
    }
  }

  close(): void {
    for (const { feed } of this.#groups.values()) feed.close();
  }

  #end(name: string, group: Group): void {
    if (this.#groups.get(name) !== group) return;
    this.#groups.delete(name);
    group.feed.close();
    group.jobs.removeGroup(`${groupPrefix}${name}`);
  }

  #open(pattern: string, options: AnyOptions): Group {
    const { clock, contract, durabilityOf, hub, logger, stores } = this.#options;
    const { from = "now", group, onGap = () => {} } = options;
    if (!/^[A-Za-z0-9._~-]{1,64}$/.test(group)) throw invalid(`"${group}" is no name for a group`);
    const definition = Object.hasOwn(contract.definitions, pattern) ? contract.definitions[pattern] : undefined;
    if (definition?.kind !== "channel") throw invalid(`the contract has no channel "${pattern}" to follow`);
    const store = stores(durabilityOf(pattern));
    if (store === undefined) throw new BusbarError("group/no-store", `the store of "${pattern}" keeps no groups`);
    const settings = queueSettings({ ...options, parallelMax: Number.MAX_SAFE_INTEGER });
    const queue = `${groupPrefix}${group}`;
    const feed = new GroupFeed({
      group,
      pattern,
      queue,
      contract,
      hub,
      clock,
      logger,
      onGap,
      groups: store.groups,
      keyOf: (message, channel) => {
        const params = contract.match(channel)?.params ?? {};
        return settings.key(message.data, {
          channel,
          params,
          principal: { id: message.from },
        });
      },
      accept: (draft) => store.jobs.accept(draft),
      hasRoomFor: (drafts) => store.jobs.hasRoomFor(drafts),
    });
    const open = async (): Promise<void> => {
      const wasKnown = await store.groups.register({ name: group, pattern });
      await store.jobs.addGroup(queue, settings);
      await feed.open(!wasKnown, from);
    };
    return { pattern, feed, jobs: store.jobs, opened: open() };
  }

  #memberOf({ parallelMax = 16 }: AnyOptions, handler: AnyHandler): GroupMember {
    return {
      parallelMax,
      busy: 0,
      handle: async ({ attempt, channel, data, id, match }, { signal }) => {
        // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- written by the group's feed
        const payload = data as GroupPayload;
        await handler({ ...payload, channel, params: match.params }, { attempt, idempotencyKey: id(), signal });
      },
    };
  }
}

function invalid(problem: string): BusbarError {
  return new BusbarError("group/invalid", problem);
}
