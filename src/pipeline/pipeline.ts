import { causeText } from "../kernel/cause-text.js";
import { BusbarError } from "../kernel/errors.js";
import type { Clock } from "../kernel/clock.js";
import type { Logger } from "../kernel/logger.js";
import { Latencies, type LatencySnapshot } from "../kernel/latencies.js";
import type { Random } from "../kernel/random.js";
import { randomHex } from "../kernel/random-hex.js";
import type { ChannelMatch } from "../contract/contract.js";
import { validate } from "../contract/validation.js";
import { messageForLog, wireError, WireError } from "../wire/errors.js";
import type { Position, PublishOk } from "../wire/messages.js";
import { Deadlines } from "./deadlines.js";
import type { Executor } from "./executor.js";
import { emittedOrigin, MessageIds } from "./message-id.js";
import { Lanes } from "./lanes.js";
import { encode, type Produced } from "./production.js";

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
    this.#underWay++;
    try {
      const ok = await this.#publish(publication);
      this.#counts[ok.stage]++;
      return ok;
    } catch (cause) {
      const error = asWireError(cause);
      this.#counts.refused++;
      publication.onRefused?.(error);
      this.#log(publication, error);
      throw error;
    } finally {
      this.#underWay--;
    }
  }

  /** Take no more messages, and give up those that are still in a processor. */
  close(): void {
    this.#isClosed = true;
    this.#deadlines.close(stopping());
  }

  async #publish(publication: Publication<Principal>): Promise<PublishOk> {
    const { clock } = this.#options;
    if (this.#isClosed) throw stopping();
    const place = this.#lanes.enter(publication.channel);
    if (place === undefined) {
      throw wireError("server/busy", "too many messages wait for this channel's processor", { retryAfterMs: BUSY_MS });
    }
    try {
      const prepared = await place.inOrder(async () => {
        if (place.isCut) throw cutOff();
        const begunAt = clock.now();
        const result = await this.#prepare(publication);
        this.#preparing.record(clock.now() - begunAt);
        return result;
      });
      if (place.isCut) throw cutOff();
      const begunAt = clock.now();
      const ok = await this.#write(publication.channel, prepared).catch((cause: unknown) => {
        const error = asWireError(cause);
        if (error.retryable) place.cut();
        throw error;
      });
      this.#writing.record(clock.now() - begunAt);
      return ok;
    } finally {
      place.leave();
    }
  }

  async #write(channel: string, prepared: Prepared<Principal>): Promise<PublishOk> {
    const { accept, deliver, deliverAll } = this.#options;
    switch (prepared.kind) {
      case "known":
        return { stage: "delivered", position: prepared.position };
      case "accept":
        await accept(prepared.message);
        return { stage: "accepted", message: prepared.message.id };
      case "deliver": {
        const { position } = await deliver(channel, prepared.message);
        return { stage: "delivered", position };
      }
      case "deliverAll": {
        const [position] = await deliverAll(prepared.outputs);
        if (prepared.isDropped) return { stage: "dropped" };
        if (position !== undefined) return { stage: "delivered", position };
        throw wireError("publish/unknown-repeat", "this repeat is older than what is remembered; it was not published");
      }
      case "dropped":
        return { stage: "dropped" };
    }
  }

  /** What is to be delivered or kept, or the position of what was delivered before. */
  async #prepare(publication: Publication<Principal>): Promise<Prepared<Principal>> {
    const { channel, data, dueAt, match, origin, principal } = publication;
    const isLater = dueAt !== undefined || this.#options.isQueued(match.pattern);
    const isRepeat = origin?.firstSentAt !== undefined && !isLater;
    const position = isRepeat ? await this.#options.find(channel, origin) : undefined;
    if (position !== undefined) return { kind: "known", position };
    const validation = await attempt("the contract's schema failed", () => validate(match.definition.message, data));
    if (!validation.isValid) throw wireError("message/invalid", validation.problem);
    const message = validation.value;
    let known: string | undefined;
    const id = (): string => {
      return (known ??= origin === undefined ? randomHex(this.#options.random, 16) : this.#ids.of(channel, origin));
    };
    if (isLater) {
      this.#checkDelay(dueAt);
      const payload = JSON.stringify(data);
      return {
        kind: "accept",
        message: { id: id(), channel, match, data, payload, message, principal, origin, dueAt },
      };
    }
    if (!this.#options.executor.has(match.pattern)) {
      const at = this.#options.clock.wallTimeMs();
      return { kind: "deliver", message: { payload: encode(message, "the message"), from: principal.id, at, origin } };
    }
    return this.#prepared(publication, await this.#process(publication, message, id));
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

  async #process(
    { channel, data, match, principal }: Publication<Principal>,
    message: unknown,
    id: () => string,
  ): Promise<Outcome> {
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

/** When to try again where too much waits, or the log cannot be written. */
const BUSY_MS = 1_000;

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

function cutOff(): WireError {
  const message = "a message before this one could not be delivered; send both again, in their order";
  return wireError("publish/out-of-turn", message, { retryAfterMs: BUSY_MS });
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

/** The log has nothing to do with it: whatever keeps a processor from its outcome is a failure of the message. */
function failedToProcess(cause: unknown): never {
  if (cause instanceof WireError) throw cause;
  throw wireError("message/failed", "whoever processed the message was gone before it was done", { cause });
}

function asWireError(cause: unknown): WireError {
  if (cause instanceof WireError) return cause;
  if (cause instanceof BusbarError && cause.code === "hub/unknown-repeat") {
    return wireError("publish/unknown-repeat", cause.message, { cause });
  }
  const message = "the channel's log cannot be written now; whether the message was published is unknown";
  return wireError("server/log-unavailable", message, { retryAfterMs: BUSY_MS, cause });
}
