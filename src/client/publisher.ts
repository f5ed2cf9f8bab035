import { deferred } from "../kernel/deferred.js";
import { BusbarError } from "../kernel/errors.js";
import { wireError } from "../wire/errors.js";
import type { AcceptedOk, PublishOk, Timing } from "../wire/messages.js";
import { whenAborted } from "./abort.js";
import type { Encoder } from "./encoder.js";
import { clientError } from "./errors.js";
import type { Processed } from "./follows.js";
import {
  PublishQueue,
  type AcceptedReceipt,
  type Draft,
  type Publish,
  type PublishQueueOptions,
  type Receipt,
  type Refused,
} from "./publish-queue.js";

/** Holds a message against the contract: what is wrong with it, or undefined; a promise only where a schema needs one. */
export type MessageCheck = (
  channel: string,
  data: unknown,
) => BusbarError | undefined | Promise<BusbarError | undefined>;

export interface PublishOptions {
  /**
   * Gives the message up: the promise rejects with the signal's reason. What was sent already may still be published.
   */
  readonly signal?: AbortSignal | undefined;
  /** The message is kept, and delivered at this time of the server's clock: a Date, or milliseconds since 1970 UTC. */
  readonly deliverAt?: Date | number | undefined;
  /** The message is kept, and delivered so many milliseconds from now on. */
  readonly after?: number | undefined;
}

export interface PublisherOptions extends PublishQueueOptions {
  readonly encoder: Encoder;
  readonly check: MessageCheck | undefined;
  /** Follow an accepted message. */
  readonly follow: (message: string) => Promise<Processed>;
}

/** Takes what the application publishes: looks at it, keeps a copy, and tells what became of it. */
export class Publisher {
  readonly #options: PublisherOptions;
  readonly #queue: PublishQueue;
  #ended: BusbarError | undefined;

  constructor(options: PublisherOptions) {
    this.#options = options;
    this.#queue = new PublishQueue(options);
  }

  /** Publish `data`, any JSON value. Rejects with what the message was refused for, or with the signal's reason. */
  async publish(channel: string, data: unknown, options?: PublishOptions): Promise<Receipt> {
    const [outcome] = await this.publishAll(channel, [data], options);
    if (outcome?.stage === "refused") throw outcome.error;
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- there is an outcome for each message
    return outcome as Receipt;
  }

  /** Publish several; resolves with one outcome for each, in their order. Rejects with the signal's reason alone. */
  async publishAll(
    channel: string,
    messages: readonly unknown[],
    { deliverAt, after, signal }: PublishOptions = {},
  ): Promise<readonly (Receipt | Refused)[]> {
    signal?.throwIfAborted();
    const all = deferred<readonly (Receipt | Refused)[]>();
    const outcomes: (Receipt | Refused)[] = [];
    let openCount = messages.length;
    const timing = timingOf(deliverAt, after);
    const settle = (index: number, outcome: PublishOk | Refused): void => {
      outcomes[index] = outcome.stage === "accepted" ? this.#accepted(outcome) : outcome;
      if (--openCount === 0) all.resolve(outcomes);
    };
    const publishes = messages.map((data, index) =>
      this.#add({ channel, data, timing, onOutcome: (outcome) => settle(index, outcome) }),
    );
    if (openCount === 0) all.resolve(outcomes);
    this.#queue.send();
    const forgetSignal = whenAborted(signal, () => {
      all.reject(signal?.reason);
      for (const publish of publishes) if (publish !== undefined) this.#queue.withdraw(publish);
    });
    try {
      return await all.promise;
    } finally {
      forgetSignal();
    }
  }

  /** A connection is ready. */
  connectionReady(): void {
    this.#queue.send();
  }

  /** Nothing can be published any more. */
  end(error: BusbarError): void {
    this.#ended = error;
    this.#queue.end(error);
  }

  /** Put a message into the queue, or say at once why not. */
  #add({ channel, data, onOutcome, timing }: Omit<Draft, "bytes">): Publish | undefined {
    const { encoder, settings, check } = this.#options;
    const refuse = (error: unknown): undefined => {
      onOutcome({ stage: "refused", error: invalid(error) });
      return undefined;
    };
    if (this.#ended !== undefined) return refuse(this.#ended);
    try {
      const copy = encoder.copy(channel, data, settings.commandBytesMax);
      const checked = check?.(channel, copy.data);
      if (checked instanceof BusbarError) return refuse(checked);
      const publish = this.#queue.add({ channel, ...copy, onOutcome, timing }, checked === undefined);
      if (publish === undefined) return refuse(clientError("publish/too-many"));
      checked?.then(
        (error) => this.#checked(publish, error),
        (error: unknown) => this.#checked(publish, invalid(error)),
      );
      return publish;
    } catch (error) {
      return refuse(error);
    }
  }

  /** A receipt whose message is followed once somebody asks. */
  #accepted(ok: AcceptedOk): AcceptedReceipt {
    const { follow } = this.#options;
    return {
      ...ok,
      get processed() {
        return follow(ok.message);
      },
    };
  }

  #checked(publish: Publish, error: BusbarError | undefined): void {
    publish.isChecked = true;
    if (error === undefined) return this.#queue.send();
    this.#queue.refuse(publish, error);
  }
}

function timingOf(deliverAt: Date | number | undefined, after: number | undefined): Timing | undefined {
  if (deliverAt !== undefined) return { deliverAt: Number(deliverAt) };
  return after === undefined ? undefined : { after };
}

/** The processor of the message's channel rejected it. */
export interface RejectionError<Reason> extends BusbarError {
  readonly code: "message/rejected";
  readonly reason: Reason;
}

export function isRejection(error: unknown): error is RejectionError<unknown> {
  return error instanceof BusbarError && error.code === "message/rejected";
}

/** What a schema throws is the message's fault, as it is on the server. */
function invalid(error: unknown): BusbarError {
  if (error instanceof BusbarError) return error;
  return wireError("message/invalid", String(error), { cause: error });
}
