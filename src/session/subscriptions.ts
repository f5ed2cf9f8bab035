import type { Gap, PresenceUpdate, Sink } from "../hub/sink.js";
import type { Message } from "../hub/store.js";
import type { Subscription } from "../hub/subscription.js";
import { causeText } from "../kernel/cause-text.js";
import { BusbarError } from "../kernel/errors.js";
import { closeKinds } from "../wire/close-codes.js";
import { errorBody, wireError, type WireError } from "../wire/errors.js";
import type { CursorRequest, ResumeCommand, SubscribeCommand } from "../wire/messages.js";
import { askedOf, channelDenial, logUnavailable, permit } from "./permission.js";
import { refusalOf } from "./publishes.js";
import { Reaches, type Reach } from "./reach.js";
import type { Attendee } from "./services.js";

/** A session's subscriptions, by channel. */
export class Subscriptions {
  readonly attendee: Attendee;
  readonly #subscriptions = new Map<string, Held>();
  /** The channels whose logs are being opened, until their messages begin. */
  #opening: Set<string> | undefined;
  /** The channels whose subscriptions go on when the outbox has drained. */
  #waiting: Set<string> | undefined;

  readonly #reaches: Reaches;

  constructor(attendee: Attendee) {
    this.attendee = attendee;
    this.#reaches = new Reaches(attendee);
  }

  /**
   * Subscribe and answer; the messages follow the answer. Commands are carried out one after the other.
   *
   * Rejects with the WireError of the refusal, or with what went wrong in the hub.
   */
  async subscribe({ id, ...request }: SubscribeCommand): Promise<void> {
    const held = await this.#open(request);
    if (this.attendee.isOver) return held.end();
    this.#confirm(held);
    this.attendee.outbox.ok<"subscribe">(id, { position: held.position });
    this.#start(held);
  }

  /** Subscribe to several channels at once, each for itself, and answer for all; the messages follow the answer. */
  async resume({ cursors, id }: ResumeCommand): Promise<void> {
    const opened = await Promise.all(
      cursors.map((request) =>
        this.#open(request).then(
          (held) => ({ held }),
          (error: unknown) => ({ error }),
        ),
      ),
    );
    if (this.attendee.isOver) {
      for (const one of opened) if ("held" in one) one.held.end();
      return;
    }
    const outcomes = opened.map((one) => this.#outcomeOf(one));
    const answers = outcomes.map((one) =>
      "error" in one ? { error: errorBody(refusalOf(one.error)) } : { position: one.held.position },
    );
    this.attendee.outbox.ok<"resume">(id, { cursors: answers });
    for (const one of outcomes) if ("held" in one) this.#start(one.held);
  }

  /** The principal has other roles, or the policy is another: what it may not read any more ends. */
  judge(): void {
    for (const channel of this.#subscriptions.keys()) this.stands(channel);
  }

  /** Whether a subscription is still allowed. One that is not has ended then, and nothing follows what says so. */
  stands(channel: string): boolean {
    const held = this.#subscriptions.get(channel);
    const refused = held && this.#refusalOf(held);
    if (refused === undefined) return held !== undefined;
    this.#remove(channel);
    this.attendee.outbox.push({ push: "unsubscribed", channel, error: errorBody(refused) });
    return false;
  }

  /** The channels that it is subscribed to. */
  get channels(): Iterable<string> {
    return this.#subscriptions.keys();
  }

  /** A subscription's messages were not taken, and its policy is to be cut off then. */
  tooSlow(): void {
    this.attendee.close(closeKinds.tooSlow);
  }

  /** @throws WireError `subscription/none`. */
  unsubscribe(channel: string): void {
    if (!this.#subscriptions.has(channel))
      throw wireError("subscription/none", `there is no subscription to ${channel}`);
    this.#remove(channel);
  }

  /** A subscription waits until `drained`. */
  waits(channel: string): void {
    if (this.#subscriptions.has(channel)) (this.#waiting ??= new Set()).add(channel);
  }

  /** The outbox has drained: those that waited for it go on. */
  drained(): void {
    const waiting = this.#waiting;
    if (waiting === undefined) return;
    this.#waiting = undefined;
    for (const channel of waiting) this.#subscriptions.get(channel)?.drained();
  }

  /** A subscription ended by itself: the client is told. */
  ended(channel: string, cause: BusbarError): void {
    const { outbox, principal, services } = this.attendee;
    services.logger.error("session/unsubscribed", { principal: principal.id, channel, cause: causeText(cause) });
    this.#remove(channel);
    const error = errorBody(wireError("server/internal", "the subscription failed; subscribe again"));
    outbox.push({ push: "unsubscribed", channel, error });
  }

  /** End all of them. */
  end(): void {
    for (const held of this.#subscriptions.values()) held.end();
    this.#subscriptions.clear();
    this.#waiting = undefined;
    this.#reaches.end();
  }

  /** The channel stays in `#opening` until `#confirm`. Rejects with the WireError of the refusal. */
  async #open({ channel, from = "now", policy }: CursorRequest): Promise<Held> {
    const { services } = this.attendee;
    const match = permit(this.attendee, channel, "subscribe");
    this.#checkRoomFor(channel);
    const reach = this.#reaches.of(askedOf(channel, match), from);
    const hasPresence = match.definition.presence !== undefined;
    const sink = new SubscriptionSink(channel, reach, this);
    const options = { from, sink, hasPresence, since: reach.since };
    (this.#opening ??= new Set()).add(channel);
    try {
      return await services.hub.subscribe(channel, policy === undefined ? options : { ...options, policy });
    } catch (cause) {
      this.#opened(channel);
      if (cause instanceof BusbarError && cause.code.startsWith("hub/")) throw logUnavailable(cause);
      throw cause;
    }
  }

  #opened(channel: string): void {
    this.#opening?.delete(channel);
    if (this.#opening?.size === 0) this.#opening = undefined;
  }

  /** See whether what was allowed before the log was opened still is. @throws WireError `policy/denied`. */
  #confirm(held: Held): void {
    this.#opened(held.sink.channel);
    const refused = this.#refusalOf(held);
    if (refused === undefined) return;
    held.end();
    throw refused;
  }

  #outcomeOf(opened: Opened): Opened {
    if ("error" in opened) return opened;
    try {
      this.#confirm(opened.held);
      return opened;
    } catch (error) {
      return { error };
    }
  }

  #start(held: Held): void {
    const { channel, reach } = held.sink;
    this.#subscriptions.set(channel, held);
    this.#reaches.began(channel, reach, held.position);
    held.start();
  }

  /** Why the channel may not be read any more: or only not what it was read from, while that goes on. */
  #refusalOf({ head, position, sink }: Held): WireError | undefined {
    const { channel, reach } = sink;
    const refused = channelDenial(this.attendee, channel, "subscribe");
    if (refused !== undefined) {
      this.#reaches.forget(channel);
      return refused;
    }
    const isInHistory = reach.isHistory && position.offset < head;
    return isInHistory ? channelDenial(this.attendee, channel, "history") : undefined;
  }

  #checkRoomFor(channel: string): void {
    const { subscriptionsMax } = this.attendee.services.limits;
    if (this.#subscriptions.has(channel) || this.#opening?.has(channel) === true) {
      throw wireError("subscription/exists", `there is a subscription to ${channel} already`);
    }
    if (this.#subscriptions.size + (this.#opening?.size ?? 0) >= subscriptionsMax) {
      throw wireError("subscription/too-many", `a connection can have ${subscriptionsMax} subscriptions`);
    }
  }

  #remove(channel: string): void {
    this.#subscriptions.get(channel)?.end();
    this.#subscriptions.delete(channel);
    this.#waiting?.delete(channel);
  }
}

type Held = Subscription<SubscriptionSink>;

/** A cursor of several: what came of its opening. */
type Opened = { readonly held: Held } | { readonly error: unknown };

/** Where one subscription's messages go: into the session's outbox, as long as the policy in force lets them. */
class SubscriptionSink implements Sink {
  readonly channel: string;
  readonly reach: Reach;
  readonly #attendee: Attendee;
  readonly #owner: Subscriptions;
  /** The policy by which it was judged. Comparing it is all that a message costs. */
  #generation: number;

  constructor(channel: string, reach: Reach, owner: Subscriptions) {
    this.channel = channel;
    this.reach = reach;
    this.#attendee = owner.attendee;
    this.#owner = owner;
    this.#generation = owner.attendee.access.generation;
  }

  get isBusy(): boolean {
    return this.#attendee.outbox.isBusy;
  }

  message(message: Message): boolean {
    return this.#stands() && this.#attendee.outbox.message(message);
  }

  gap({ lost, position }: Gap): void {
    if (!this.#stands()) return;
    const push = { push: "gap", channel: this.channel, position } as const;
    this.#attendee.outbox.push(lost === undefined ? push : { ...push, lost });
  }

  presence(update: PresenceUpdate): boolean {
    // What ended takes everything, so that it waits for nothing.
    return !this.#stands() || this.#attendee.outbox.presence(update);
  }

  tooSlow(): void {
    this.#owner.tooSlow();
  }

  waits(): void {
    this.#owner.waits(this.channel);
  }

  ended(error: BusbarError): void {
    this.#owner.ended(this.channel, error);
  }

  #stands(): boolean {
    const { generation } = this.#attendee.access;
    if (this.#generation === generation) return true;
    if (!this.#owner.stands(this.channel)) return false;
    this.#generation = generation;
    return true;
  }
}
