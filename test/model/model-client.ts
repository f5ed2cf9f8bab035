import type { Policy } from "../../src/hub/cursor.js";
import type { Gap, Sink } from "../../src/hub/sink.js";
import type { Message } from "../../src/hub/store.js";
import type { Subscription } from "../../src/hub/subscription.js";
import type { Position, SubscribeFrom } from "../../src/wire/messages.js";
import type { Ledger } from "./ledger.js";

/** How a subscription was asked for, and what the hub knew then. */
export interface Asked {
  readonly from: SubscribeFrom;
  readonly epoch: string;
  /** What the hub had been told of the log then. */
  readonly told: number;
}

/**
 * A subscriber that checks everything it is given against the ledger, and goes on behind its position over any number of
 * subscriptions.
 */
export class ModelClient implements Sink {
  readonly #ledger: Ledger;
  readonly #name: string;
  readonly #batchMax: number;
  #policy: Policy = { kind: "all" };
  #asked: Asked | undefined;
  #subscription: Subscription | undefined;
  #position: Position | undefined;
  /** Nothing was handed over since the subscription began: it may still say that its beginning is gone. */
  #isNew = false;
  /** A message was refused, and the head was not reached since: with the policy `latest` some may be left out. */
  #mayThin = false;
  #isWaiting = false;
  /** So many messages are taken until more room is made. */
  room = Number.POSITIVE_INFINITY;
  isBusy = false;
  /** Grows with each call. */
  activity = 0;
  /** What was wrong first. It is thrown as well, but whoever called may take that for a defect of its subscriber. */
  failure: Error | undefined;

  /** Whether anything was done that lets a read fail. */
  mayEnd = false;
  /** The offset of the message that was refused last. */
  #refused = 0;

  /** @param batchMax so many messages are appended, and pushed, together */
  constructor(ledger: Ledger, name: string, batchMax: number) {
    this.#ledger = ledger;
    this.#name = name;
    this.#batchMax = batchMax;
  }

  get position(): Position | undefined {
    return this.#position;
  }

  get isSubscribed(): boolean {
    return this.#subscription !== undefined;
  }

  get isWaiting(): boolean {
    return this.#isWaiting;
  }

  get isSubscribing(): boolean {
    return this.#asked !== undefined && !this.isSubscribed;
  }

  asks(asked: Asked, policy: Policy): void {
    this.#asked = asked;
    this.#policy = policy;
  }

  /** The subscription is there: see where it begins, and start it, unless it is not wanted any more. */
  begin(subscription: Subscription, asked: Asked): void {
    if (asked !== this.#asked) return subscription.end();
    const { epoch, from, told } = asked;
    const { position } = subscription;
    this.#subscription = subscription;
    this.#isNew = true;
    this.#mayThin = false;
    this.#isWaiting = false;
    if (typeof from === "object" && "epoch" in from) {
      // What this client believes. Where it is wrong, the hub has to say so before the first message.
      this.#position = from;
    } else {
      this.#position = position;
      // Of another log there is nothing to compare with what was known when it was asked for.
      const least = position.epoch === epoch ? told : 0;
      if (from === "now") this.#check(position.offset >= least, `now began at ${position.offset}, behind ${told}`);
      else if (from === "start") this.#check(this.#ledger.isGoneTo(position), `start began at ${position.offset}`);
      else {
        const most = Math.max(0, this.#ledger.told(position.epoch) - from.last);
        const isRight = position.offset <= most || this.#ledger.isGoneTo(position);
        this.#check(isRight && position.offset >= least - from.last, `last ${from.last} began at ${position.offset}`);
      }
    }
    subscription.start();
  }

  /** It could not be subscribed. */
  giveUp(asked: Asked): void {
    if (asked === this.#asked) this.cut();
  }

  end(): void {
    this.#subscription?.end();
    this.cut();
  }

  /** The server is gone. */
  cut(): void {
    this.#subscription = undefined;
    this.#asked = undefined;
    this.#isWaiting = false;
  }

  /** Make room, and go on where the subscription waits for it. */
  drain(room: number): void {
    this.room = room;
    if (!this.#isWaiting) return;
    this.#isWaiting = false;
    this.#subscription?.drained();
  }

  message(message: Message): boolean {
    this.activity++;
    const before = this.#here();
    const { offset, payload } = message;
    const { epoch } = before;
    if (this.room <= 0) {
      this.#mayThin = this.#policy.kind === "latest";
      this.#refused = offset;
      return false;
    }
    this.room--;
    this.#check(offset > before.offset, `${offset} came after ${before.offset}`);
    for (let left = before.offset + 1; left < offset; left++) this.#checkLeftOut({ epoch, offset: left });
    this.#check(this.#ledger.payloadAt({ epoch, offset }) === payload, `${offset} of ${epoch} was not ${payload}`);
    this.#check(offset <= this.#ledger.told(epoch), `${offset} came before it was durable`);
    this.#moveTo({ epoch, offset });
    return true;
  }

  gap({ lost, position }: Gap): void {
    this.activity++;
    const before = this.#here();
    if (lost === undefined) {
      this.#check(this.#isBeginningGone(before, position), `a false gap, at ${position.epoch}:${position.offset}`);
    } else {
      this.#check(position.epoch === before.epoch, "a range of another epoch was lost");
      this.#check(lost.from === before.offset + 1 && lost.to === position.offset, `${lost.from} is no next offset`);
      this.#check(lost.to >= lost.from && this.#ledger.isGoneTo(position), `${lost.to} is not lost`);
    }
    this.#moveTo(position);
  }

  presence(): boolean {
    return this.#fail("was told of presence");
  }

  waits(): void {
    this.activity++;
    this.#isWaiting = true;
  }

  tooSlow(): void {
    this.activity++;
    this.#check(this.#policy.kind === "disconnect" && this.room <= 0, "was called too slow");
    const behind = this.#ledger.told(this.#here().epoch) - this.#refused;
    this.#check(behind < this.#batchMax, "was called too slow while it caught up");
    this.end();
  }

  ended(): void {
    this.activity++;
    this.#check(this.mayEnd, "ended by itself");
    this.end();
  }

  /** At the end everything has to have come. */
  checkIsAt(position: Position): void {
    const { epoch, offset } = this.#here();
    this.#check(epoch === position.epoch && offset === position.offset, `stopped at ${epoch}:${offset}`);
  }

  #here(): Position {
    this.#check(this.#subscription !== undefined, "was called without a subscription");
    return this.#position ?? this.#fail("has no position");
  }

  #moveTo(position: Position): void {
    this.#position = position;
    this.#isNew = false;
    if (position.offset === this.#ledger.told(position.epoch)) this.#mayThin = false;
  }

  #checkLeftOut(position: Position): void {
    const { offset } = position;
    this.#check(this.#mayThin, `${offset} was left out`);
    const hasKey = this.#policy.kind === "latest" && this.#policy.key !== undefined;
    this.#check(this.#ledger.isSuperseded(position, hasKey), `${offset} was left out, and was the newest of its key`);
  }

  /** Whether it is true that there is no going on behind `before`, and that nothing is left out before `position`. */
  #isBeginningGone(before: Position, position: Position): boolean {
    if (!this.#ledger.isEpoch(position.epoch)) return false;
    if (position.epoch !== before.epoch) return this.#ledger.isGoneTo(position);
    const { told } = this.#asked ?? this.#fail("was not asked for");
    return this.#isNew && before.offset > told && position.offset >= told;
  }

  #check(condition: boolean, what: string): asserts condition {
    if (!condition) this.#fail(what);
  }

  #fail(what: string): never {
    const failure = new Error(`${this.#name}: ${what}`);
    this.failure ??= failure;
    throw failure;
  }
}
