import type { ChannelMatch } from "../contract/contract.js";
import type { Params } from "../contract/pattern.js";
import { validate } from "../contract/validation.js";
import { isChannelName } from "../wire/channel-name.js";
import { wireError } from "../wire/errors.js";
import { Dropped, Rejection, type Emit, type Outcome, type ProcessContext, type Processor } from "./processor.js";

/** A message for its processor. */
export interface Work<Principal> {
  /** Names the message: its idempotency key. Not everybody wants to know it, and it costs something. */
  readonly id: () => string;
  readonly channel: string;
  readonly match: ChannelMatch;
  /** What was published. */
  readonly data: unknown;
  /** What the contract's schema made of it. */
  readonly message: unknown;
  readonly principal: Principal;
  /** From 1. */
  readonly attempt: number;
}

/** A message that came out of a processor for another channel, or for its own once more. */
export interface Emitted {
  readonly channel: string;
  /** JSON text. */
  readonly payload: string;
}

/** What came out of a processor. */
export type Produced =
  | {
      readonly kind: "outputs";
      /** The message as JSON text; undefined where it was dropped. */
      readonly payload: string | undefined;
      readonly emitted: readonly Emitted[];
    }
  | { readonly kind: "rejected"; readonly reason: unknown };

/** Aborted when the outcome is not wanted any more; a signal is made where somebody asks for it. */
export interface Abortable {
  readonly signal: AbortSignal;
}

export interface ProductionOptions {
  /** Finds the kind of channel that a name means. */
  readonly match: (channel: string) => ChannelMatch | undefined;
  readonly abort: Abortable;
  /** So many messages can be emitted for one. */
  readonly emitsMax: number;
}

/**
 * Run a processor on a message. Rejects with `message/failed` where the processor throws, returns what is no JSON, or
 * emits what does not fit its channel.
 */
export async function produce<Principal>(
  processor: Processor<unknown, Params, Principal>,
  work: Work<Principal>,
  options: ProductionOptions,
): Promise<Produced> {
  const context = new Context(work, options);
  let outcome: Outcome<unknown>;
  try {
    outcome = await processor(work.message, context);
  } catch (cause) {
    throw wireError("message/failed", "the processor failed", { cause });
  } finally {
    context.end();
  }
  if (outcome instanceof Rejection) return { kind: "rejected", reason: outcome.reason };
  const payload = outcome instanceof Dropped ? undefined : encode(outcome, "what came out of the processor");
  return {
    kind: "outputs",
    payload,
    emitted: context.emissions === undefined ? none : await context.emissions.checked(),
  };
}

const none: readonly Emitted[] = [];

/** What a processor is told; what most do not ask for is made when one does. */
class Context<Principal> implements ProcessContext<Params, Principal, Emit, unknown> {
  readonly channel: string;
  readonly params: Params;
  readonly principal: Principal;
  readonly attempt: number;
  readonly reject: typeof reject = reject;
  readonly drop: typeof drop = drop;
  emissions: Emissions | undefined;
  #isOver = false;
  readonly #id: () => string;
  readonly #options: ProductionOptions;

  constructor({ attempt, channel, id, match, principal }: Work<Principal>, options: ProductionOptions) {
    this.channel = channel;
    this.params = match.params;
    this.principal = principal;
    this.attempt = attempt;
    this.#id = id;
    this.#options = options;
  }

  get idempotencyKey(): string {
    return this.#id();
  }

  get signal(): AbortSignal {
    return this.#options.abort.signal;
  }

  get emit(): Emit {
    this.emissions ??= new Emissions(this.#options);
    if (this.#isOver) this.emissions.end();
    return this.emissions.emit;
  }

  /** The processor has returned. */
  end(): void {
    this.#isOver = true;
    this.emissions?.end();
  }
}

function reject(reason: unknown): Rejection {
  return new Rejection(reason);
}

function drop(): Dropped {
  return new Dropped();
}

/** What one run of a processor emits. */
class Emissions {
  readonly #options: ProductionOptions;
  readonly #emitted: { readonly channel: string; readonly match: ChannelMatch; readonly data: unknown }[] = [];
  #isOver = false;

  constructor(options: ProductionOptions) {
    this.#options = options;
  }

  /** @throws WireError `channel/unknown`, or `message/failed` for one too many and for one that comes too late. */
  readonly emit = (channel: string, data: unknown): void => {
    const { emitsMax, match: find } = this.#options;
    const match = isChannelName(channel) ? find(channel) : undefined;
    if (match === undefined) throw wireError("channel/unknown", `there is no channel ${channel} to emit to`);
    if (this.#isOver) throw wireError("message/failed", "emit came after the processor had returned");
    if (this.#emitted.length >= emitsMax) {
      throw wireError("message/failed", `a processor can emit ${emitsMax} messages for one`);
    }
    this.#emitted.push({ channel, match, data });
  };

  end(): void {
    this.#isOver = true;
  }

  /** All that was emitted, held against its channels' contracts, in its order. */
  async checked(): Promise<Emitted[]> {
    const emitted: Emitted[] = [];
    for (const { channel, data, match } of this.#emitted) {
      const validation = await validate(match.definition.message, data);
      if (!validation.isValid) {
        throw wireError("message/failed", `what was emitted to ${channel} does not fit it: ${validation.problem}`);
      }
      emitted.push({ channel, payload: encode(validation.value, `what was emitted to ${channel}`) });
    }
    return emitted;
  }
}

/** The JSON text of a message. @throws WireError `message/failed` where it has none. */
export function encode(value: unknown, what: string): string {
  let payload: string | undefined;
  let cause: unknown;
  try {
    payload = JSON.stringify(value);
  } catch (error) {
    cause = error;
  }
  if (payload === undefined) throw wireError("message/failed", `${what} is no JSON`, { cause });
  return payload;
}
