import type { Access, Asked } from "../auth/access.js";
import type { Gap, PresenceUpdate, Sink } from "../hub/sink.js";
import type { Message } from "../hub/store.js";
import type { Subscription } from "../hub/subscription.js";
import { causeText } from "../kernel/cause-text.js";
import { BusbarError } from "../kernel/errors.js";
import { closeKinds } from "../wire/close-codes.js";
import { errorBody, wireError, type WireError } from "../wire/errors.js";
import type { CursorRequest, ResumeCommand, SubscribeCommand } from "../wire/messages.js";
import type { Outbox } from "./outbox.js";
import { denial, logUnavailable, permitAsked } from "./permission.js";
import { refusalOf } from "./publishes.js";
import { Reaches, type Reach } from "./reach.js";
import type { Attendee } from "./services.js";

/** A session's subscriptions, by channel. */
export class Subscriptions {
  readonly #attendee: Attendee;
  readonly #subscriptions = new Map<string, Held>();
  /** The channels whose logs are being opened, until their messages begin. */
  #opening: Set<string> | undefined;
  /** The channels whose subscriptions go on when the outbox has drained. */
  #waiting: Set<string> | undefined;

  readonly #reaches: Reaches;
  /** What all sinks have in common. */
  readonly #sinks: SinkOptions;

  constructor(attendee: Attendee) {
    const { access, outbox } = attendee;
    this.#attendee = attendee;
    this.#sinks = { access, outbox, owner: this };
    this.#reaches = new Reaches(attendee);
  }

  /**
   * Subscribe and answer; the messages follow the answer. Commands are carried out one after the other.
   *
   * Rejects with the WireError of the refusal, or with what went wrong in the hub.
   */
  async subscribe({ id, ...request }: SubscribeCommand): Promise<void> {
    const { isOver, outbox } = this.#attendee;
    const { channel } = request;
    const held = await this.#open(request);
    if (isOver()) return held.subscription.end();
    this.#confirm(channel, held);
    outbox.ok<"subscribe">(id, { position: held.subscription.position });
    this.#start(channel, held);
  }

  /** Subscribe to several channels at once, each for itself, and answer for all; the messages follow the answer. */
  async resume({ cursors, id }: ResumeCommand): Promise<void> {
    const { isOver, outbox } = this.#attendee;
    const opened = await Promise.all(
      cursors.map((request) =>
        this.#open(request).then(
          (held) => ({ channel: request.channel, held }),
          (error: unknown) => ({ error }),
        ),
      ),
    );
    if (isOver()) {
      for (const one of opened) if ("held" in one) one.held.subscription.end();
      return;
    }
    const outcomes = opened.map((one) => this.#outcomeOf(one));
    const answers = outcomes.map((one) =>
      "error" in one ? { error: errorBody(refusalOf(one.error)) } : { position: one.held.subscription.position },
    );
    outbox.ok<"resume">(id, { cursors: answers });
    for (const one of outcomes) if ("held" in one) this.#start(one.channel, one.held);
  }

  /** The principal has other roles, or the policy is another: what it may not read any more ends. */
  judge(): void {
    for (const channel of this.#subscriptions.keys()) this.stands(channel);
  }

  /** Whether a subscription is still allowed. One that is not has ended then, and nothing follows what says so. */
  stands(channel: string): boolean {
    const { outbox } = this.#attendee;
    const held = this.#subscriptions.get(channel);
    const refused = held && this.#refusalOf(held);
    if (refused === undefined) return held !== undefined;
    this.#remove(channel);
    outbox.push({ push: "unsubscribed", channel, error: errorBody(refused) });
    return false;
  }

  /** The channels that it is subscribed to. */
  get channels(): Iterable<string> {
    return this.#subscriptions.keys();
  }

  /** A subscription's messages were not taken, and its policy is to be cut off then. */
  tooSlow(): void {
    this.#attendee.close(closeKinds.tooSlow);
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
    for (const channel of waiting) this.#subscriptions.get(channel)?.subscription.drained();
  }

  /** A subscription ended by itself: the client is told. */
  ended(channel: string, cause: BusbarError): void {
    const { outbox, principal, services } = this.#attendee;
    services.logger.error("session/unsubscribed", { principal: principal.id, channel, cause: causeText(cause) });
    this.#remove(channel);
    const error = errorBody(wireError("server/internal", "the subscription failed; subscribe again"));
    outbox.push({ push: "unsubscribed", channel, error });
  }

  /** End all of them. */
  end(): void {
    for (const { subscription } of this.#subscriptions.values()) subscription.end();
    this.#subscriptions.clear();
    this.#waiting = undefined;
    this.#reaches.end();
  }

  /** The channel stays in `#opening` until `#confirm`. Rejects with the WireError of the refusal. */
  async #open({ channel, from = "now", policy }: CursorRequest): Promise<Held> {
    const { services } = this.#attendee;
    const { asked, match } = permitAsked(this.#attendee, channel, "subscribe");
    this.#checkRoomFor(channel);
    const reach = this.#reaches.of(asked, from);
    const hasPresence = match.definition.presence !== undefined;
    const sink = new SubscriptionSink(channel, this.#sinks);
    const options = { from, sink, hasPresence, since: reach.since };
    (this.#opening ??= new Set()).add(channel);
    try {
      const chosen = policy === undefined ? options : { ...options, policy };
      return { asked, reach, subscription: await services.hub.subscribe(channel, chosen) };
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
  #confirm(channel: string, held: Held): void {
    this.#opened(channel);
    const refused = this.#refusalOf(held);
    if (refused === undefined) return;
    held.subscription.end();
    throw refused;
  }

  #outcomeOf(opened: Opened): Opened {
    if ("error" in opened) return opened;
    try {
      this.#confirm(opened.channel, opened.held);
      return opened;
    } catch (error) {
      return { error };
    }
  }

  #start(channel: string, held: Held): void {
    const { reach, subscription } = held;
    this.#subscriptions.set(channel, held);
    this.#reaches.began(channel, reach, subscription.position);
    subscription.start();
  }

  /** Why the channel may not be read any more: or only not what it was read from, while that goes on. */
  #refusalOf({ asked, reach, subscription }: Held): WireError | undefined {
    const refused = denial(this.#attendee, "subscribe", asked);
    if (refused !== undefined) {
      this.#reaches.forget(asked.name);
      return refused;
    }
    const isInHistory = reach.isHistory && subscription.position.offset < subscription.head;
    return isInHistory ? denial(this.#attendee, "history", asked) : undefined;
  }

  #checkRoomFor(channel: string): void {
    const { subscriptionsMax } = this.#attendee.services.limits;
    if (this.#subscriptions.has(channel) || this.#opening?.has(channel) === true) {
      throw wireError("subscription/exists", `there is a subscription to ${channel} already`);
    }
    if (this.#subscriptions.size + (this.#opening?.size ?? 0) >= subscriptionsMax) {
      throw wireError("subscription/too-many", `a connection can have ${subscriptionsMax} subscriptions`);
    }
  }

  #remove(channel: string): void {
    this.#subscriptions.get(channel)?.subscription.end();
    this.#subscriptions.delete(channel);
    this.#waiting?.delete(channel);
  }
}

interface Held {
  readonly asked: Asked;
  readonly reach: Reach;
  readonly subscription: Subscription;
}

/** A cursor of several: what came of its opening. */
type Opened = { readonly channel: string; readonly held: Held } | { readonly error: unknown };

interface SinkOptions {
  readonly access: Access;
  readonly outbox: Outbox;
  readonly owner: Subscriptions;
}

/** Where one subscription's messages go: into the session's outbox, as long as the policy in force lets them. */
class SubscriptionSink implements Sink {
  readonly #channel: string;
  readonly #options: SinkOptions;
  /** The policy by which it was judged. Comparing it is all that a message costs. */
  #generation: number;

  constructor(channel: string, options: SinkOptions) {
    this.#channel = channel;
    this.#options = options;
    this.#generation = options.access.generation;
  }

  get isBusy(): boolean {
    return this.#options.outbox.isBusy;
  }

  message(message: Message): boolean {
    return this.#stands() && this.#options.outbox.message(message);
  }

  gap({ lost, position }: Gap): void {
    if (!this.#stands()) return;
    const push = { push: "gap", channel: this.#channel, position } as const;
    this.#options.outbox.push(lost === undefined ? push : { ...push, lost });
  }

  presence(update: PresenceUpdate): boolean {
    // What ended takes everything, so that it waits for nothing.
    return !this.#stands() || this.#options.outbox.presence(update);
  }

  tooSlow(): void {
    this.#options.owner.tooSlow();
  }

  waits(): void {
    this.#options.owner.waits(this.#channel);
  }

  ended(error: BusbarError): void {
    this.#options.owner.ended(this.#channel, error);
  }

  #stands(): boolean {
    const { access, owner } = this.#options;
    const { generation } = access;
    if (this.#generation === generation) return true;
    if (!owner.stands(this.#channel)) return false;
    this.#generation = generation;
    return true;
  }
}
