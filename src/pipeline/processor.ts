/** A processor's answer: the publisher is told that the message was rejected, and why. */
export class Rejection {
  /** For people: it goes to the publisher. */
  readonly reason: string;

  constructor(reason: string) {
    this.reason = reason;
  }
}

/** A processor's answer: nobody gets the message, and the publisher is told so. */
export class Dropped {
  readonly stage = "dropped";
}

/** What a processor knows about the message beside the message. */
export interface ProcessContext<Params, Principal> {
  /** The channel's name. */
  readonly channel: string;
  /** The values of the pattern's parameters in the channel's name. */
  readonly params: Params;
  /** Who published the message. */
  readonly principal: Principal;
  /** Aborted when the processor has taken too long or the server stops; its answer is not used any more then. */
  readonly signal: AbortSignal;
  /** `return reject("why")`: refuse the message. */
  readonly reject: (reason: string) => Rejection;
  /** `return drop()`: let the message go. */
  readonly drop: () => Dropped;
}

/**
 * The application's function between receiving and delivering.
 *
 * It gets each valid message of its channels, one after the other on each channel, and returns what the subscribers
 * get. What it throws is logged, and the publisher is told `message/failed`.
 */
export type Processor<Message, Params, Principal> = (
  message: Message,
  context: ProcessContext<Params, Principal>,
) => Outcome<Message> | Promise<Outcome<Message>>;

export type Outcome<Message> = Message | Rejection | Dropped;
