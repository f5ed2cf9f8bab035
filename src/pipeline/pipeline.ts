import { causeText } from "../kernel/cause-text.js";
import { BusbarError } from "../kernel/errors.js";
import type { Clock } from "../kernel/clock.js";
import type { Logger } from "../kernel/logger.js";
import type { ChannelMatch } from "../contract/contract.js";
import type { Params } from "../contract/pattern.js";
import { validate } from "../contract/validation.js";
import { wireError, WireError } from "../wire/errors.js";
import type { Position, PublishOk } from "../wire/messages.js";
import { Deadlines } from "./deadlines.js";
import { Lanes } from "./lanes.js";
import { Dropped, Rejection, type Processor } from "./processor.js";

/** A message on its way from its publisher, which may publish it: that was checked. */
export interface Publication<Principal> {
  readonly channel: string;
  readonly match: ChannelMatch;
  readonly data: unknown;
  readonly principal: Principal;
  /** Which publish this is; undefined where a repeat cannot happen. */
  readonly origin?: MessageOrigin | undefined;
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

export interface PipelineLimits {
  /** So many messages of one channel can be under way; more are refused with `server/busy`. */
  readonly waitingMax: number;
  /** A processor that takes longer has failed. */
  readonly processTimeoutMs: number;
}

const pipelineLimits: PipelineLimits = { waitingMax: 1000, processTimeoutMs: 30_000 };

export interface PipelineOptions<Principal> {
  /** The processors by the contract's patterns. */
  readonly processors: ReadonlyMap<string, Processor<unknown, Params, Principal>>;
  /**
   * Append a message to its channel's log and deliver it; calls for one channel take effect in their order. What it
   * rejects with, unless its code is `hub/unknown-repeat`, leaves it open whether the message is in the log.
   */
  readonly deliver: (channel: string, message: Deliverable) => Promise<{ readonly position: Position }>;
  /** The position of a message that is in the channel's log already. */
  readonly find: (channel: string, origin: MessageOrigin) => Promise<Position | undefined>;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly limits?: Partial<PipelineLimits>;
}

/** Receive → process → deliver: what happens to every message between its publisher and the channel's log. */
export class Pipeline<Principal extends { readonly id: string }> {
  readonly #options: PipelineOptions<Principal>;
  readonly #lanes: Lanes;
  readonly #deadlines: Deadlines;
  #isClosed = false;
  #loggedAtMs = Number.NEGATIVE_INFINITY;

  constructor(options: PipelineOptions<Principal>) {
    const { processTimeoutMs, waitingMax } = { ...pipelineLimits, ...options.limits };
    this.#options = options;
    this.#lanes = new Lanes(waitingMax);
    this.#deadlines = new Deadlines(options.clock, processTimeoutMs);
  }

  /**
   * Take a message; resolves when it is in the log and on its way to the subscribers, or when the processor dropped it.
   *
   * Messages of one channel are processed and delivered in the order of the calls. When one could not be delivered, those
   * that were taken behind it are refused as well.
   *
   * Rejects with a WireError, which is logged: `message/invalid`, `message/rejected`, `message/failed`, `server/busy`,
   * `server/stopping`, `publish/unknown-repeat`, or `server/log-unavailable`, after which it is unknown whether the
   * message was published.
   */
  async publish(publication: Publication<Principal>): Promise<PublishOk> {
    try {
      return await this.#publish(publication);
    } catch (cause) {
      const error = asWireError(cause);
      publication.onRefused?.(error);
      this.#log(publication, error);
      throw error;
    }
  }

  /** Take no more messages, and give up those that are still in a processor. */
  close(): void {
    this.#isClosed = true;
    this.#deadlines.close(stopping());
  }

  async #publish(publication: Publication<Principal>): Promise<PublishOk> {
    const { channel } = publication;
    if (this.#isClosed) throw stopping();
    const place = this.#lanes.enter(channel);
    if (place === undefined) {
      throw wireError("server/busy", "too many messages wait for this channel's processor", { retryAfterMs: BUSY_MS });
    }
    try {
      const message = await place.inOrder(() => {
        if (place.isCut) throw cutOff();
        return this.#prepare(publication);
      });
      if (message instanceof Dropped) return { stage: "dropped" };
      if ("offset" in message) return { stage: "delivered", position: message };
      if (place.isCut) throw cutOff();
      const { position } = await this.#options.deliver(channel, message).catch((cause: unknown) => {
        const error = asWireError(cause);
        if (error.retryable) place.cut();
        throw error;
      });
      return { stage: "delivered", position };
    } finally {
      place.leave();
    }
  }

  /** What is to be delivered, or the position of what was delivered before. */
  async #prepare(publication: Publication<Principal>): Promise<Deliverable | Dropped | Position> {
    const { channel, data, match, origin, principal } = publication;
    const known = origin?.firstSentAt === undefined ? undefined : await this.#options.find(channel, origin);
    if (known !== undefined) return known;
    const validation = await attempt("the contract's schema failed", () => validate(match.definition.message, data));
    if (!validation.isValid) throw wireError("message/invalid", validation.problem);
    const outcome = await this.#process(publication, validation.value);
    if (outcome instanceof Rejection) throw wireError("message/rejected", outcome.reason);
    if (outcome instanceof Dropped) return outcome;
    return { payload: encode(outcome), from: principal.id, at: this.#options.clock.wallTimeMs(), origin };
  }

  #process(publication: Publication<Principal>, message: unknown): unknown {
    const { channel, match, principal } = publication;
    const processor = this.#options.processors.get(match.pattern);
    if (processor === undefined) return message;
    return this.#deadlines.run((signal) =>
      attempt("the processor failed", () =>
        processor(message, { channel, params: match.params, principal, signal, reject, drop }),
      ),
    );
  }

  /** A log that cannot be written fails every message: once a second says as much. */
  #isTimeToLog(): boolean {
    const now = this.#options.clock.now();
    if (now < this.#loggedAtMs + 1_000) return false;
    this.#loggedAtMs = now;
    return true;
  }

  #log({ channel, principal }: Publication<Principal>, error: WireError): void {
    const fields = { principal: principal.id, channel, code: error.code, message: error.message };
    const { cause } = error;
    if (cause === undefined) return this.#options.logger.warn("pipeline/refused", fields);
    if (error.code === "server/log-unavailable" && !this.#isTimeToLog()) return;
    const stack = cause instanceof Error ? cause.stack : undefined;
    this.#options.logger.error("pipeline/failed", { ...fields, cause: causeText(cause), stack });
  }
}

/** When to try again where too much waits, or the log cannot be written. */
const BUSY_MS = 1_000;

function cutOff(): WireError {
  const message = "a message before this one could not be delivered; send both again, in their order";
  return wireError("publish/out-of-turn", message, { retryAfterMs: BUSY_MS });
}

function reject(reason: string): Rejection {
  return new Rejection(reason);
}

function drop(): Dropped {
  return new Dropped();
}

function stopping(): WireError {
  return wireError("server/stopping", "the server stops; the message was not published");
}

/** Call the application's code: what it throws is a failure of the message, and no more than that. */
async function attempt<Value>(what: string, call: () => Value | Promise<Value>): Promise<Value> {
  try {
    return await call();
  } catch (cause) {
    throw wireError("message/failed", what, { cause });
  }
}

function encode(message: unknown): string {
  let payload: string | undefined;
  let cause: unknown;
  try {
    payload = JSON.stringify(message);
  } catch (error) {
    cause = error;
  }
  if (payload === undefined) throw wireError("message/failed", "what came out of the processor is no JSON", { cause });
  return payload;
}

function asWireError(cause: unknown): WireError {
  if (cause instanceof WireError) return cause;
  if (cause instanceof BusbarError && cause.code === "hub/unknown-repeat") {
    return wireError("publish/unknown-repeat", cause.message, { cause });
  }
  const message = "the channel's log cannot be written now; whether the message was published is unknown";
  return wireError("server/log-unavailable", message, { retryAfterMs: BUSY_MS, cause });
}
