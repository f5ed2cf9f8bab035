import { causeText } from "../kernel/cause-text.js";
import type { Clock } from "../kernel/clock.js";
import type { Logger } from "../kernel/logger.js";
import { thenDo, type Later } from "../kernel/later.js";
import { Latencies, type LatencySnapshot } from "../kernel/latencies.js";
import type { Random } from "../kernel/random.js";
import { randomHex } from "../kernel/random-hex.js";
import type { ChannelMatch } from "../contract/contract.js";
import { validate } from "../contract/validation.js";
import { messageForLog, wireError, type WireError } from "../wire/errors.js";
import type { Position, PublishOk } from "../wire/messages.js";
import { Deadlines } from "./deadlines.js";
import type { Executor } from "./executor.js";
import { emittedOrigin, MessageIds } from "./message-id.js";
import { Lanes, type Place } from "./lanes.js";
import { encode, type Produced } from "./production.js";
import { asWireError, BUSY_MS, cutOff, failedToProcess, stopping } from "./publish-errors.js";

/** A message on its way from its publisher, which may publish it: that was checked. */
export interface Publication<Principal> {
  readonly channel: string;
  readonly match: ChannelMatch;
  readonly data: unknown;
  readonly principal: Principal;
  /** Which publish this is; undefined where a repeat cannot happen. */
  readonly origin?: MessageOrigin | undefined;
  /** Not to be processed or delivered before, in milliseconds since 1970 UTC. Default: at once. */
  readonly dueAt?: number | undefined;
  /**
   * Told of a refusal at the moment at which it is decided, before anything that was published later can go on: so that
   * the publisher's order can be kept.
   */
  readonly onRefused?: (error: WireError) => void;
}

/** A producer's number for a message; see the store's `Origin`, which it becomes. */
export interface MessageOrigin {
  readonly producer: string;
  readonly sequence: number;
  readonly firstSentAt: number | undefined;
}

/** A message as it goes into the channel's log. */
export interface Deliverable {
  /** The message as JSON text. */
  readonly payload: string;
  /** The publisher's principal id. */
  readonly from: string;
  /** When it was published, in milliseconds since 1970 UTC. */
  readonly at: number;
  readonly origin: MessageOrigin | undefined;
}

/** A message for a channel's log. */
export interface Output {
  readonly channel: string;
  readonly message: Deliverable;
}

/** A message that is accepted first, and processed afterwards. */
export interface Acceptable<Principal> {
  readonly id: string;
  readonly channel: string;
  readonly match: ChannelMatch;
  /** What was published. */
  readonly data: unknown;
  /** The same as JSON text. */
  readonly payload: string;
  /** What the contract's schema made of it. */
  readonly message: unknown;
  readonly principal: Principal;
  readonly origin: MessageOrigin | undefined;
  readonly dueAt: number | undefined;
}

export interface PipelineLimits {
  /** So many messages of one channel can be under way; more are refused with `server/busy`. */
  readonly waitingMax: number;
  /** A processor that takes longer has failed. */
  readonly processTimeoutMs: number;
  /** So many messages can be emitted for one. */
  readonly emitsMax: number;
  /** A message can be scheduled for so long ahead. */
  readonly delayMsMax: number;
}

/** The one table of defaults. */
export const pipelineLimits: PipelineLimits = {
  waitingMax: 1000,
  processTimeoutMs: 30_000,
  emitsMax: 1000,
  delayMsMax: 365 * 86_400_000,
};

export interface PipelineOptions<Principal> {
  /** Runs the processors. */
  readonly executor: Executor<Principal>;
  /** Whether messages of a pattern are accepted first and processed afterwards. */
  readonly isQueued: (pattern: string) => boolean;
  /** Keep a message that is processed afterwards. Rejects with a WireError. */
  readonly accept: (message: Acceptable<Principal>) => Promise<void>;
  /**
   * Append a message to its channel's log and deliver it; calls for one channel take effect in their order. What it
   * rejects with, unless its code is `hub/unknown-repeat`, leaves it open whether the message is in the log.
   */
  readonly deliver: (channel: string, message: Deliverable) => Promise<{ readonly position: Position }>;
  /** The same for several messages, all or nothing; a position for each, undefined for a repeat that is too old. */
  readonly deliverAll: (outputs: readonly Output[]) => Promise<readonly (Position | undefined)[]>;
  /** The position of a message that is in the channel's log already. */
  readonly find: (channel: string, origin: MessageOrigin) => Promise<Position | undefined>;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly limits?: Partial<PipelineLimits>;
}

/** What happened to the messages of a server since its start. */
export interface PipelineFigures {
  /** Messages whose receipts said so; `refused`: all that were refused for whatever reason. */
  readonly counts: Readonly<Record<PublishOk["stage"] | "refused", number>>;
  /** Messages on their way to their receipts. */
  readonly underWay: number;
  /** Held against the contract, and processed where that is inline. */
  readonly preparing: LatencySnapshot;
  /** From then until it is in its log or its queue. */
  readonly writing: LatencySnapshot;
}

/** What is to become of a message. */
type Prepared<Principal> =
  | { readonly kind: "known"; readonly position: Position }
  | { readonly kind: "accept"; readonly message: Acceptable<Principal> }
  | { readonly kind: "deliver"; readonly message: Deliverable }
  | { readonly kind: "deliverAll"; readonly outputs: readonly Output[]; readonly isDropped: boolean }
  | { readonly kind: "dropped" };

/** Receive → process → deliver: what happens to every message between its publisher and the channel's log. */
export class Pipeline<Principal extends { readonly id: string }> {
  readonly #options: PipelineOptions<Principal>;
  readonly #limits: PipelineLimits;
  readonly #lanes: Lanes;
  readonly #deadlines: Deadlines;
  readonly #preparing = new Latencies();
  readonly #writing = new Latencies();
  readonly #ids = new MessageIds();
  readonly #counts = { delivered: 0, dropped: 0, accepted: 0, refused: 0 };
  #underWay = 0;
  #isClosed = false;
  #loggedAtMs = Number.NEGATIVE_INFINITY;

  constructor(options: PipelineOptions<Principal>) {
    this.#options = options;
    this.#limits = { ...pipelineLimits, ...options.limits };
    this.#lanes = new Lanes(this.#limits.waitingMax);
    this.#deadlines = new Deadlines(options.clock, this.#limits.processTimeoutMs);
  }

  get figures(): PipelineFigures {
    return {
      counts: { ...this.#counts },
      underWay: this.#underWay,
      preparing: this.#preparing.snapshot,
      writing: this.#writing.snapshot,
    };
  }

  /**
   * Take a message; resolves when it is in the log and on its way to the subscribers, when the processor dropped it, or
   * when it is kept to be processed later.
   *
   * Messages of one channel are processed and delivered in the order of the calls. When one could not be delivered, those
   * that were taken behind it are refused as well.
   *
   * Rejects with a WireError, which is logged: `message/invalid`, `message/rejected`, `message/failed`, `server/busy`,
   * `server/stopping`, `publish/unknown-repeat`, or `server/log-unavailable`, after which it is unknown whether the
   * message was published.
   */
  async publish(publication: Publication<Principal>): Promise<PublishOk> {
    const { clock } = this.#options;
    let place: Place | undefined;
    let begunAt: number | undefined;
    this.#underWay++;
    try {
      place = this.#enter(publication.channel);
      // Nothing is waited for that is there: of a burst, what can be written at once is, and so written together.
      const preparing = this.#prepareIn(place, publication);
      const prepared = preparing instanceof Promise ? await preparing : preparing;
      if (place.isCut) throw cutOff();
      begunAt = clock.now();
      const ok = await this.#write(publication.channel, prepared);
      this.#writing.record(clock.now() - begunAt);
      this.#counts[ok.stage]++;
      return ok;
    } catch (cause) {
      const error = asWireError(cause);
      if (begunAt !== undefined && error.retryable) place?.cut();
      this.#counts.refused++;
      publication.onRefused?.(error);
      this.#log(publication, error);
      throw error;
    } finally {
      place?.leave();
      this.#underWay--;
    }
  }

  /** Take no more messages, and give up those that are still in a processor. */
  close(): void {
    this.#isClosed = true;
    this.#deadlines.close(stopping());
  }

  #enter(channel: string): Place {
    if (this.#isClosed) throw stopping();
    const place = this.#lanes.enter(channel);
    if (place !== undefined) return place;
    throw wireError("server/busy", "too many messages wait for this channel's processor", { retryAfterMs: BUSY_MS });
  }

  /** Prepare a message when those before it in its channel are. */
  #prepareIn(place: Place, publication: Publication<Principal>): Later<Prepared<Principal>> {
    const { clock } = this.#options;
    return place.inOrder(() => {
      if (place.isCut) throw cutOff();
      const begunAt = clock.now();
      return thenDo(this.#prepare(publication), (prepared) => {
        this.#preparing.record(clock.now() - begunAt);
        return prepared;
      });
    });
  }

  #write(channel: string, prepared: Prepared<Principal>): Later<PublishOk> {
    const { accept, deliver } = this.#options;
    switch (prepared.kind) {
      case "known":
        return { stage: "delivered", position: prepared.position };
      case "accept":
        return accept(prepared.message).then(() => ({ stage: "accepted", message: prepared.message.id }));
      case "deliver":
        return deliver(channel, prepared.message).then(({ position }) => ({ stage: "delivered", position }));
      case "deliverAll":
        return this.#writeAll(prepared.outputs, prepared.isDropped);
      case "dropped":
        return { stage: "dropped" };
    }
  }

  async #writeAll(outputs: readonly Output[], isDropped: boolean): Promise<PublishOk> {
    const [position] = await this.#options.deliverAll(outputs);
    if (isDropped) return { stage: "dropped" };
    if (position !== undefined) return { stage: "delivered", position };
    throw wireError("publish/unknown-repeat", "this repeat is older than what is remembered; it was not published");
  }

  /** What is to be delivered or kept, or the position of what was delivered before. */
  #prepare(publication: Publication<Principal>): Later<Prepared<Principal>> {
    const { channel, dueAt, match, origin } = publication;
    const isLater = dueAt !== undefined || this.#options.isQueued(match.pattern);
    if (origin?.firstSentAt === undefined || isLater) return this.#prepareNew(publication, isLater);
    return this.#options
      .find(channel, origin)
      .then((position) =>
        position === undefined ? this.#prepareNew(publication, isLater) : { kind: "known", position },
      );
  }

  /** A message that is not in the channel's log. */
  #prepareNew(publication: Publication<Principal>, isLater: boolean): Later<Prepared<Principal>> {
    const { data, match } = publication;
    const validation = attempt("the contract's schema failed", () => validate(match.definition.message, data));
    return thenDo(validation, (validated) => {
      if (!validated.isValid) throw wireError("message/invalid", validated.problem);
      if (isLater) return this.#acceptable(publication, validated.value);
      return this.#deliverable(publication, validated.value);
    });
  }

  #acceptable(publication: Publication<Principal>, message: unknown): Prepared<Principal> {
    const { channel, data, dueAt, match, origin, principal } = publication;
    this.#checkDelay(dueAt);
    const payload = JSON.stringify(data);
    const id = this.#idOf(publication)();
    return { kind: "accept", message: { id, channel, match, data, payload, message, principal, origin, dueAt } };
  }

  #deliverable(publication: Publication<Principal>, message: unknown): Later<Prepared<Principal>> {
    const { match, origin, principal } = publication;
    if (!this.#options.executor.has(match.pattern)) {
      const at = this.#options.clock.wallTimeMs();
      return { kind: "deliver", message: { payload: encode(message, "the message"), from: principal.id, at, origin } };
    }
    return this.#process(publication, message).then((outcome) => this.#prepared(publication, outcome));
  }

  /** Names a message, always the same, from when on somebody asks. */
  #idOf({ channel, origin }: Publication<Principal>): () => string {
    let known: string | undefined;
    return () => {
      return (known ??= origin === undefined ? randomHex(this.#options.random, 16) : this.#ids.of(channel, origin));
    };
  }

  #prepared({ channel, origin, principal }: Publication<Principal>, { id, produced }: Outcome): Prepared<Principal> {
    if (produced.kind === "rejected") throw rejected(produced.reason);
    const at = this.#options.clock.wallTimeMs();
    const from = principal.id;
    const { emitted, payload } = produced;
    const own = payload === undefined ? undefined : { payload, from, at, origin };
    if (emitted.length === 0) return own === undefined ? { kind: "dropped" } : { kind: "deliver", message: own };
    const firstSentAt = origin?.firstSentAt;
    const others = emitted.map(({ channel: to, payload: text }, index): Output => {
      return {
        channel: to,
        message: { payload: text, from, at, origin: { ...emittedOrigin(id(), index), firstSentAt } },
      };
    });
    const outputs = own === undefined ? others : [{ channel, message: own }, ...others];
    return { kind: "deliverAll", outputs, isDropped: own === undefined };
  }

  async #process(publication: Publication<Principal>, message: unknown): Promise<Outcome> {
    const { channel, data, match, principal } = publication;
    const id = this.#idOf(publication);
    const work = { id, channel, match, data, message, principal, attempt: 1 };
    const run = this.#deadlines.run((abort) => this.#options.executor.run(work, abort));
    const produced = await run.catch(failedToProcess);
    return { id, produced };
  }

  #checkDelay(dueAt: number | undefined): void {
    const { delayMsMax } = this.#limits;
    if (dueAt === undefined || dueAt - this.#options.clock.wallTimeMs() <= delayMsMax) return;
    throw wireError("message/invalid", `a message can be scheduled for ${delayMsMax} ms ahead`);
  }

  /** A log that cannot be written fails every message: once a second says as much. */
  #isTimeToLog(): boolean {
    const now = this.#options.clock.now();
    if (now < this.#loggedAtMs + 1_000) return false;
    this.#loggedAtMs = now;
    return true;
  }

  #log({ channel, principal }: Publication<Principal>, error: WireError): void {
    const fields = { principal: principal.id, channel, code: error.code, message: messageForLog(error) };
    const { cause } = error;
    if (cause === undefined) return this.#options.logger.warn("pipeline/refused", fields);
    if (error.code === "server/log-unavailable" && !this.#isTimeToLog()) return;
    const stack = cause instanceof Error ? cause.stack : undefined;
    this.#options.logger.error("pipeline/failed", { ...fields, cause: causeText(cause), stack });
  }
}

/** What came out of a message's processor. */
interface Outcome {
  readonly id: () => string;
  readonly produced: Produced;
}

/** What the publisher is told of a rejection: a text is for people, anything else goes along as it is. */
export function rejected(reason: unknown): WireError {
  if (typeof reason === "string") return wireError("message/rejected", reason, { reason });
  return wireError("message/rejected", "the processor rejected the message; `reason` says why", { reason });
}

/** Call the application's code: what it throws is a failure of the message, and no more than that. */
function attempt<Value>(what: string, call: () => Later<Value>): Later<Value> {
  const failed = (cause: unknown): never => {
    throw wireError("message/failed", what, { cause });
  };
  try {
    const value = call();
    return value instanceof Promise ? value.catch(failed) : value;
  } catch (cause) {
    return failed(cause);
  }
}
