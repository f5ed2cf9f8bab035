/** A processor's answer: the publisher is told that the message was rejected, and why. */
export class Rejection {
  /** For the publisher: a text for people, or what the contract's `rejection` describes. */
  readonly reason: unknown;

  constructor(reason: unknown) {
    this.reason = reason;
  }
}

/** A processor's answer: nobody gets the message, and the publisher is told so. */
export class Dropped {
  readonly stage = "dropped";
}

/** Has a message go to a channel's log beside, or instead of, the one that is processed. */
export type Emit = (channel: string, data: unknown) => void;

/** What a processor knows about the message beside the message. */
export interface ProcessContext<Params, Principal, EmitTo = Emit, Reason = string> {
  /** The channel's name. */
  readonly channel: string;
  /** The values of the pattern's parameters in the channel's name. */
  readonly params: Params;
  /** Who published the message. */
  readonly principal: Principal;
  /** Which attempt this is, from 1. Inline there is but one. */
  readonly attempt: number;
  /**
   * The same for every attempt at this message and for no other message, and the same again when its publisher repeats
   * it: at most 64 ASCII characters. With it another system can tell that it has seen the message.
   */
  readonly idempotencyKey: string;
  /** Aborted when the processor has taken too long or the server stops; its answer is not used any more then. */
  readonly signal: AbortSignal;
  /**
   * Have a message go to a channel as well. All that comes out of one message takes effect together, when the processor
   * has returned; nothing of it where the processor throws or rejects. What is emitted is held against its channel's
   * contract and is not processed once more.
   */
  readonly emit: EmitTo;
  /** `return reject("why")`: refuse the message. */
  readonly reject: (reason: Reason) => Rejection;
  /** `return drop()`: let the message go. What was emitted goes out nevertheless. */
  readonly drop: () => Dropped;
}

/**
 * The application's function between receiving and delivering.
 *
 * It gets each valid message of its channels, one after the other on each channel (or key, where it is queued), and
 * returns what the subscribers get. What it throws is logged; inline the publisher is told `message/failed`, queued it is
 * tried again.
 */
export type Processor<Message, Params, Principal, EmitTo = Emit, Reason = string> = (
  message: Message,
  context: ProcessContext<Params, Principal, EmitTo, Reason>,
) => Outcome<Message> | Promise<Outcome<Message>>;

export type Outcome<Message> = Message | Rejection | Dropped;

/**
 * One processor of several: each gets what the one before it returned. A rejection or a drop ends it.
 *
 * @example pipe(validate, enrich, store)
 */
export function pipe<Message, Params, Principal, EmitTo = Emit, Reason = string>(
  ...steps: readonly Processor<Message, Params, Principal, EmitTo, Reason>[]
): Processor<Message, Params, Principal, EmitTo, Reason> {
  return async (message, context) => {
    let current = message;
    for (const step of steps) {
      const outcome = await step(current, context);
      if (outcome instanceof Rejection || outcome instanceof Dropped) return outcome;
      current = outcome;
    }
    return current;
  };
}
