import type { Gap, PresenceUpdate, Sink } from "../hub/sink.js";
import type { Message } from "../hub/store.js";
import { Subscription } from "../hub/subscription.js";
import { causeText } from "../kernel/cause-text.js";
import { BusbarError } from "../kernel/errors.js";
import { closeKinds } from "../wire/close-codes.js";
import { errorBody, wireError } from "../wire/errors.js";
import type { CursorRequest, ResumeCommand, SubscribeCommand } from "../wire/messages.js";
import type { Outbox } from "./outbox.js";
import { logUnavailable, may, permit } from "./permission.js";
import { refusalOf } from "./publishes.js";
import type { Attendee } from "./services.js";

/** A session's subscriptions, by channel. */
export class Subscriptions {
  readonly #attendee: Attendee;
  readonly #subscriptions = new Map<string, Subscription>();
  /** The channels whose logs are being opened. */
  readonly #opening = new Set<string>();
  /** The channels whose subscriptions go on when the outbox has drained. */
  #waiting = new Set<string>();

  constructor(attendee: Attendee) {
    this.#attendee = attendee;
  }

  /**
   * Subscribe and answer; the messages follow the answer. Commands are carried out one after the other.
   *
   * Rejects with the WireError of the refusal, or with what went wrong in the hub.
   */
  async subscribe({ id, ...request }: SubscribeCommand): Promise<void> {
    const subscription = await this.#open(request);
    if (subscription === undefined) return;
    this.#attendee.outbox.ok<"subscribe">(id, { position: subscription.position });
    subscription.start();
  }

  /** Subscribe to several channels at once, each for itself, and answer for all; the messages follow the answer. */
  async resume({ cursors, id }: ResumeCommand): Promise<void> {
    const outcomes = await Promise.all(cursors.map((request) => this.#open(request).catch((error: unknown) => error)));
    if (this.#attendee.isOver()) return;
    const answers = outcomes.map((outcome) =>
      outcome instanceof Subscription ? { position: outcome.position } : { error: errorBody(refusalOf(outcome)) },
    );
    this.#attendee.outbox.ok<"resume">(id, { cursors: answers });
    for (const outcome of outcomes) if (outcome instanceof Subscription) outcome.start();
  }

  /** The principal has other roles: what it may not read any more ends. */
  judge(): void {
    const { outbox, principal, services } = this.#attendee;
    for (const channel of this.#subscriptions.keys()) {
      if (may({ principal, services }, channel, "subscribe")) continue;
      this.#remove(channel);
      const error = errorBody(wireError("policy/denied", `${principal.id} may not subscribe to ${channel} any more`));
      outbox.push({ push: "unsubscribed", channel, error });
    }
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
    this.#waiting.add(channel);
  }

  /** The outbox has drained: those that waited for it go on. */
  drained(): void {
    if (this.#waiting.size === 0) return;
    const waiting = this.#waiting;
    this.#waiting = new Set();
    for (const channel of waiting) this.#subscriptions.get(channel)?.drained();
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
    for (const subscription of this.#subscriptions.values()) subscription.end();
    this.#subscriptions.clear();
    this.#waiting.clear();
  }

  /** Undefined when the session ended meanwhile. Rejects with the WireError of the refusal. */
  async #open({ channel, from = "now", policy }: CursorRequest): Promise<Subscription | undefined> {
    const { isOver, outbox, principal, services } = this.#attendee;
    const { definition } = permit({ principal, services }, channel, "subscribe");
    this.#checkRoomFor(channel);
    const hasPresence = definition.presence !== undefined;
    const sink = new SubscriptionSink(channel, outbox, this);
    this.#opening.add(channel);
    try {
      const options = policy === undefined ? { from, sink, hasPresence } : { from, sink, hasPresence, policy };
      const subscription = await services.hub.subscribe(channel, options);
      if (isOver()) {
        subscription.end();
        return undefined;
      }
      this.#subscriptions.set(channel, subscription);
      return subscription;
    } catch (cause) {
      if (cause instanceof BusbarError && cause.code.startsWith("hub/")) throw logUnavailable(cause);
      throw cause;
    } finally {
      this.#opening.delete(channel);
    }
  }

  #checkRoomFor(channel: string): void {
    const { subscriptionsMax } = this.#attendee.services.limits;
    if (this.#subscriptions.has(channel) || this.#opening.has(channel)) {
      throw wireError("subscription/exists", `there is a subscription to ${channel} already`);
    }
    if (this.#subscriptions.size + this.#opening.size >= subscriptionsMax) {
      throw wireError("subscription/too-many", `a connection can have ${subscriptionsMax} subscriptions`);
    }
  }

  #remove(channel: string): void {
    this.#subscriptions.get(channel)?.end();
    this.#subscriptions.delete(channel);
    this.#waiting.delete(channel);
  }
}

/** Where one subscription's messages go: into the session's outbox. */
class SubscriptionSink implements Sink {
  readonly #channel: string;
  readonly #outbox: Outbox;
  readonly #owner: Subscriptions;

  constructor(channel: string, outbox: Outbox, owner: Subscriptions) {
    this.#channel = channel;
    this.#outbox = outbox;
    this.#owner = owner;
  }

  get isBusy(): boolean {
    return this.#outbox.isBusy;
  }

  message(message: Message): boolean {
    return this.#outbox.message(message);
  }

  gap({ lost, position }: Gap): void {
    const push = { push: "gap", channel: this.#channel, position } as const;
    this.#outbox.push(lost === undefined ? push : { ...push, lost });
  }

  presence(update: PresenceUpdate): boolean {
    return this.#outbox.presence(update);
  }

  tooSlow(): void {
    this.#owner.tooSlow();
  }

  waits(): void {
    this.#owner.waits(this.#channel);
  }

  ended(error: BusbarError): void {
    this.#owner.ended(this.#channel, error);
  }
}
