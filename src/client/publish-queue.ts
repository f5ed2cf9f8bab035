import type { Clock, Timer } from "../kernel/clock.js";
import type { BusbarError } from "../kernel/errors.js";
import type { Random } from "../kernel/random.js";
import { batchMax } from "../wire/command-codec.js";
import { WireError, wireErrorFrom } from "../wire/errors.js";
import type { AcceptedOk, PublishOk, Timing } from "../wire/messages.js";
import { Backoff } from "./backoff.js";
import type { Connection } from "./connection.js";
import type { Processed } from "./follows.js";
import { clientError } from "./errors.js";
import type { BusSettings } from "./options.js";
import type { Pace } from "./pace.js";
import type { Outcome } from "./request-table.js";

/** What a publish comes to: where the message is in the log, that the processor dropped it, or that it is kept. */
export type Receipt = Exclude<PublishOk, AcceptedOk> | AcceptedReceipt;

/** The message is kept, and is processed later. */
export interface AcceptedReceipt extends AcceptedOk {
  /**
   * Resolves when it was delivered or dropped. Rejects with `message/rejected`, `message/dead` once it is among the dead
   * letters, `message/discarded`, or `message/unknown`. Asking for it is what has it followed.
   */
  readonly processed: Promise<Processed>;
}

/** The message is not in the log; or, with `publish/unknown-fate`, nobody knows. */
export interface Refused {
  readonly stage: "refused";
  readonly error: BusbarError;
}

/** A message to be published. */
export interface Draft {
  readonly channel: string;
  /** A JSON value that nobody else changes. */
  readonly data: unknown;
  /** When it is to be delivered; the very same object for the messages that may leave in one command. */
  readonly timing: Timing | undefined;
  /** How many bytes the command for it takes at most. */
  readonly bytes: number;
  /** Called once. */
  readonly onOutcome: (outcome: PublishOk | Refused) => void;
}

/** A message in its publish in the queue. */
export interface Publish extends Draft {
  /** Whether it may be sent: holding it against the contract can take a while, and nothing overtakes it. */
  isChecked: boolean;
  readonly lane: Lane;
  readonly order: number;
  seq: number | undefined;
  /** When it was sent for the first time. */
  triedSinceMs: number | undefined;
}

export interface PublishQueueOptions {
  readonly connection: Pick<Connection, "isReady" | "request">;
  readonly settings: BusSettings;
  readonly pace: Pace;
  readonly clock: Clock;
  readonly random: Random;
}

/** What is published to one channel. */
export interface Lane {
  lastSeq: number;
  flightCount: number;
  /** Something was refused for now: what was sent behind it is refused too, and then all of it is sent again. */
  isHeldUp: boolean;
  restsUntilMs: number;
  readonly backoff: Backoff;
}

/** The messages of one command that was sent. */
interface Flight {
  readonly publishes: readonly Publish[];
  readonly lane: Lane;
  /** They were never sent before. */
  readonly isFirst: boolean;
}

/** How often to look for messages that are to be given up, when there can be some. */
const LOOK_EVERY_MS = 1_000;

/** Refusals that pass: the message is sent again. */
const passingCodes: ReadonlySet<string> = new Set([
  "limit/rate",
  "server/busy",
  "server/stopping",
  "server/log-unavailable",
  "publish/out-of-turn",
]);

/**
 * All that is published and has no receipt yet, sent or not.
 *
 * Each channel's messages have numbers and are sent in their order, and again in this order when the connection was
 * cut or the server refused one for now. Messages of one channel that wait together leave together.
 */
export class PublishQueue {
  readonly #options: PublishQueueOptions;
  /** One for each channel that was ever published to: its numbers go on for the bus's life. */
  readonly #lanes = new Map<string, Lane>();
  /** Every message without an outcome, in order. */
  readonly #publishes = new Set<Publish>();
  /** Those that are to be sent, in order. */
  #waiting = new Set<Publish>();
  #flightCount = 0;
  #lastOrder = 0;
  #restsUntilMs = 0;
  #wakeTimer: Timer | undefined;
  #giveUpTimer: Timer | undefined;

  constructor(options: PublishQueueOptions) {
    this.#options = options;
  }

  /** Put a message at the end; `send` is called behind it. Undefined when too many are there. */
  add(draft: Draft, isChecked: boolean): Publish | undefined {
    if (this.#publishes.size >= this.#options.settings.publishesWaitingMax) return undefined;
    const lane = this.#laneOf(draft.channel);
    const order = ++this.#lastOrder;
    const publish: Publish = { ...draft, isChecked, lane, order, seq: undefined, triedSinceMs: undefined };
    this.#publishes.add(publish);
    this.#waiting.add(publish);
    return publish;
  }

  /** Take a message out that was not sent yet; nothing happens where it was. */
  withdraw(publish: Publish): void {
    if (publish.triedSinceMs !== undefined) return;
    this.#publishes.delete(publish);
    this.#waiting.delete(publish);
    this.send();
  }

  /** Take a message out that its check did not let pass. Nothing happens where it has its outcome already. */
  refuse(publish: Publish, error: BusbarError): void {
    if (this.#publishes.has(publish)) this.#settle(publish, refusal(error));
    this.send();
  }

  /** Send what can be sent. To be called whenever the connection is ready. */
  send(): void {
    const nowMs = this.#options.clock.now();
    this.#wakeTimer?.cancel();
    this.#wakeTimer = undefined;
    const wakeAtMs = this.#restsUntilMs > nowMs ? this.#restsUntilMs : this.#sendLanes(nowMs);
    if (this.#waiting.size === 0 || wakeAtMs === undefined || !this.#options.connection.isReady) return;
    this.#wakeTimer = this.#options.clock.schedule(wakeAtMs - nowMs, () => this.send());
  }

  /** The bus is over. */
  end(error: BusbarError): void {
    this.#wakeTimer?.cancel();
    this.#giveUpTimer?.cancel();
    for (const publish of this.#publishes) {
      this.#settle(publish, refusal(publish.triedSinceMs === undefined ? error : clientError("publish/unknown-fate")));
    }
  }

  /** Returns when there is more to be sent that nothing else will bring about. */
  #sendLanes(nowMs: number): number | undefined {
    const { connection, pace, settings } = this.#options;
    const held = new Set<Lane>();
    let wakeAtMs = Infinity;
    for (const first of this.#waiting) {
      if (!connection.isReady || this.#flightCount >= settings.publishesInFlightMax) break;
      const { lane } = first;
      if (held.has(lane)) continue;
      const isResting = lane.restsUntilMs > nowMs;
      if (isResting) wakeAtMs = Math.min(wakeAtMs, lane.restsUntilMs);
      // What was sent behind a refused message has to be refused, too, before all of it is sent again.
      if (isResting || !first.isChecked || (lane.isHeldUp && lane.flightCount > 0)) {
        held.add(lane);
        continue;
      }
      const publishes = this.#companyOf(first);
      const waitMs = pace.take(bytesOf(publishes), nowMs);
      if (waitMs > 0) return nowMs + waitMs;
      this.#launch(publishes);
    }
    return wakeAtMs === Infinity ? undefined : wakeAtMs;
  }

  /** The messages that leave in one command: the first one, and those behind it on its channel that may and fit. */
  #companyOf(first: Publish): [Publish, ...Publish[]] {
    const { publishesInFlightMax, commandBytesMax } = this.#options.settings;
    const countMax = Math.min(batchMax, publishesInFlightMax - this.#flightCount);
    const publishes: [Publish, ...Publish[]] = [first];
    let bytes = first.bytes;
    for (const publish of this.#waiting) {
      if (publish === first || publish.lane !== first.lane) continue;
      if (publish.timing !== first.timing) break;
      bytes += publish.bytes;
      // The numbers of a command follow each other, and either all of them were sent before or none.
      const seq = first.seq === undefined ? undefined : first.seq + publishes.length;
      if (publishes.length >= countMax || bytes > commandBytesMax) break;
      if (!publish.isChecked || publish.seq !== seq) break;
      publishes.push(publish);
    }
    return publishes;
  }

  #launch(publishes: readonly [Publish, ...Publish[]]): void {
    const { connection, clock, settings } = this.#options;
    const nowMs = clock.now();
    const [first] = publishes;
    const { channel, data, lane, timing, triedSinceMs } = first;
    const flight: Flight = { publishes, lane, isFirst: triedSinceMs === undefined };
    for (const publish of publishes) {
      this.#waiting.delete(publish);
      publish.seq ??= ++lane.lastSeq;
      publish.triedSinceMs ??= nowMs;
    }
    lane.isHeldUp = false;
    lane.flightCount += publishes.length;
    this.#flightCount += publishes.length;
    this.#lookForOldOnes(settings.publishRetryMs);
    const common = {
      channel,
      seq: first.seq ?? 0,
      ...timing,
      ...(triedSinceMs !== undefined && { ageMs: Math.round(nowMs - triedSinceMs) }),
    };
    if (publishes.length === 1) {
      connection.request({ do: "publish", ...common, data }, (outcome) =>
        this.#landed(flight, outcome.kind === "ok" ? { ...outcome, ok: { receipts: [outcome.ok] } } : outcome),
      );
    } else {
      const messages = publishes.map((publish) => publish.data);
      connection.request({ do: "publishAll", ...common, messages }, (outcome) => this.#landed(flight, outcome));
    }
  }

  #landed({ publishes, lane, isFirst }: Flight, outcome: Outcome<"publishAll">): void {
    lane.flightCount -= publishes.length;
    this.#flightCount -= publishes.length;
    const again: Publish[] = [];
    for (const [index, publish] of publishes.entries()) {
      // Given up meanwhile.
      if (!this.#publishes.has(publish)) continue;
      const result = resultOf(outcome, index);
      if (result === undefined || this.#isForNow(lane, result)) again.push(publish);
      else this.#settle(publish, result);
      if (outcome.kind === "lost" && outcome.isUnheard === true && isFirst) publish.triedSinceMs = undefined;
    }
    if (again.length > 0) {
      this.#waiting = new Set([...again, ...this.#waiting].sort((one, other) => one.order - other.order));
    }
    this.send();
  }

  /** Whether it is a refusal that passes; then nothing of the lane is sent for a while. */
  #isForNow(lane: Lane, result: PublishOk | Refused): boolean {
    if (result.stage !== "refused") {
      lane.backoff.reset();
      return false;
    }
    const { error } = result;
    if (!passingCodes.has(error.code)) return false;
    // What is refused because of the one before it waits as long as that one.
    if (lane.isHeldUp) return true;
    lane.isHeldUp = true;
    const wishMs = error instanceof WireError ? error.retryAfterMs : undefined;
    const untilMs = this.#options.clock.now() + Math.max(wishMs ?? 0, lane.backoff.nextDelayMs());
    lane.restsUntilMs = untilMs;
    // Whoever was too fast on one channel is too fast on all.
    if (error.code === "limit/rate") this.#restsUntilMs = untilMs;
    return true;
  }

  #settle(publish: Publish, outcome: PublishOk | Refused): void {
    this.#publishes.delete(publish);
    this.#waiting.delete(publish);
    publish.onOutcome(outcome);
  }

  /**
   * What the server would not recognise as a repeat any more is not sent again.
   *
   * But for what it refuses for now: it lets nothing behind it pass before it has come again, and then it says itself
   * that it does not recognise it.
   */
  #giveUpOldOnes(): void {
    const { clock, connection, settings } = this.#options;
    for (const publish of this.#publishes) {
      const isOld = clock.now() - (publish.triedSinceMs ?? clock.now()) >= settings.publishRetryMs;
      const isHeldUp = connection.isReady && this.#waiting.has(publish);
      if (isOld && !isHeldUp) this.#settle(publish, refusal(clientError("publish/unknown-fate")));
    }
    this.#giveUpTimer = undefined;
    if (this.#publishes.size > 0) this.#lookForOldOnes(LOOK_EVERY_MS);
  }

  #lookForOldOnes(delayMs: number): void {
    this.#giveUpTimer ??= this.#options.clock.schedule(delayMs, () => this.#giveUpOldOnes());
  }

  #laneOf(channel: string): Lane {
    const known = this.#lanes.get(channel);
    if (known !== undefined) return known;
    const { settings, random } = this.#options;
    const backoff = new Backoff(settings, random);
    const lane: Lane = { lastSeq: 0, flightCount: 0, isHeldUp: false, restsUntilMs: 0, backoff };
    this.#lanes.set(channel, lane);
    return lane;
  }
}

/** What became of one message of a command; undefined where the connection was lost before the reply. */
function resultOf(outcome: Outcome<"publishAll">, index: number): PublishOk | Refused | undefined {
  switch (outcome.kind) {
    case "lost":
      return undefined;
    case "refused":
      return refusal(outcome.error);
    case "ok": {
      const receipt = outcome.ok.receipts[index];
      if (receipt === undefined) return refusal(clientError("publish/unknown-fate"));
      return "error" in receipt ? refusal(wireErrorFrom(receipt.error)) : receipt;
    }
  }
}

/** A repeat that the server does not recognise any more has the fate of one that was never answered. */
function refusal(error: BusbarError): Refused {
  const isUnknown = error.code === "publish/unknown-repeat";
  return { stage: "refused", error: isUnknown ? clientError("publish/unknown-fate", { cause: error }) : error };
}

function bytesOf(publishes: readonly Publish[]): number {
  return publishes.reduce((sum, { bytes }) => sum + bytes, 0);
}
