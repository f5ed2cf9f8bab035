import { BoundedQueue } from "../kernel/bounded-queue.js";
import { deferred, type Deferred } from "../kernel/deferred.js";
import type { BusbarError } from "../kernel/errors.js";
import type { PublishOk } from "../wire/messages.js";
import type { Connection } from "./connection.js";
import { clientError } from "./errors.js";
import type { Outcome } from "./request-table.js";

/** What a publish resolves to: where the message is in the log, or that the processor dropped it. */
export type Receipt = PublishOk;

interface Publish {
  readonly channel: string;
  readonly data: unknown;
  readonly settle: Deferred<Receipt>;
}

/** Sends what is published, in order; what was not sent yet when there is no connection waits for the next one. */
export class Publisher {
  readonly #connection: Pick<Connection, "isReady" | "request">;
  readonly #waiting: BoundedQueue<Publish>;
  #ended: BusbarError | undefined;

  constructor(connection: Pick<Connection, "isReady" | "request">, waitingMax: number) {
    this.#connection = connection;
    this.#waiting = new BoundedQueue(waitingMax);
  }

  /**
   * Publish `data`, any JSON value.
   *
   * Rejects with what the server refused it for; with `publish/unknown-fate` when the connection was cut before the
   * receipt, and then the message may be in the log; with `publish/too-many`; with `message/too-large`; with the end
   * of the bus.
   */
  publish(channel: string, data: unknown): Promise<Receipt> {
    const publish: Publish = { channel, data, settle: deferred() };
    if (this.#ended !== undefined) publish.settle.reject(this.#ended);
    else if (this.#connection.isReady) this.#send(publish);
    else if (!this.#waiting.push(publish)) {
      publish.settle.reject(clientError("publish/too-many"));
    }
    return publish.settle.promise;
  }

  /** Send what waits. */
  connectionReady(): void {
    while (this.#connection.isReady) {
      const publish = this.#waiting.shift();
      if (publish === undefined) return;
      this.#send(publish);
    }
  }

  /** Nothing can be published any more. */
  end(error: BusbarError): void {
    this.#ended = error;
    for (let publish = this.#waiting.shift(); publish !== undefined; publish = this.#waiting.shift()) {
      publish.settle.reject(error);
    }
  }

  #send({ channel, data, settle }: Publish): void {
    try {
      this.#connection.request(
        (id) => ({ id, do: "publish", channel, data }),
        (outcome) => settleWith(settle, outcome),
      );
    } catch (error) {
      settle.reject(error);
    }
  }
}

function settleWith(settle: Deferred<Receipt>, outcome: Outcome<"publish">): void {
  switch (outcome.kind) {
    case "ok":
      return settle.resolve(outcome.ok);
    case "refused":
      return settle.reject(outcome.error);
    case "lost":
      return settle.reject(clientError("publish/unknown-fate"));
  }
}
