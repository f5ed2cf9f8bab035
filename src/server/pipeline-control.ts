import type { DeadLetter } from "../pipeline/dead-letters.js";
import { rejected } from "../pipeline/pipeline.js";
import { optionalDeferred } from "../kernel/deferred.js";
import { wireError } from "../wire/errors.js";
import type { EndStage, Stage } from "../wire/messages.js";
import type { DeadLetterRange, ListedDeadLetter, PipelineSnapshot, Processing } from "./processing.js";
import type { WorkerSnapshot } from "./worker-host.js";
import type { Workers } from "./workers.js";

/** What came of a message that did not fail. */
export type Processed = Extract<EndStage, { stage: "delivered" | "dropped" }>;

/** The messages whose processors failed for the last time: kept until somebody looks at them. */
export interface DeadLetterControl {
  /** Oldest first, at most 100; a letter's `place` goes into `after`. */
  list(range?: DeadLetterRange): Promise<ListedDeadLetter[]>;
  /** Undefined where there is no dead letter with this id. */
  get(id: string): Promise<DeadLetter | undefined>;
  /**
   * Process it once more, with its attempts begun anew; with another message where one is given. Rejects with
   * `dead/unknown`, or `message/invalid`.
   */
  redrive(id: string, change?: { readonly data: unknown }): Promise<void>;
  /** The same for all of a channel pattern, or for all; resolves with how many. */
  redriveAll(queue?: string): Promise<number>;
  /** Throw it away. Rejects with `dead/unknown`. */
  discard(id: string): Promise<void>;
  /** The same for all of a channel pattern, or for all; resolves with how many. */
  discardAll(queue?: string): Promise<number>;
}

/** The pipeline of a server as its own code sees it. */
export class PipelineControl {
  readonly deadLetters: DeadLetterControl;
  readonly #processing: Processing;
  readonly #workers: Workers;

  constructor(processing: Processing, workers: Workers) {
    this.#processing = processing;
    this.#workers = workers;
    this.deadLetters = {
      list: (range) => processing.deadLetters(range),
      get: (id) => processing.deadLetter(id),
      redrive: (id, change) => processing.redrive(id, change),
      redriveAll: (queue) => processing.redriveAll(queue),
      discard: (id) => processing.discard(id),
      discardAll: (queue) => processing.discardAll(queue),
    };
  }

  /** Counts and latencies of each stage, queue lengths, the oldest message: since the start, and as it is now. */
  get snapshot(): PipelineSnapshot {
    return this.#processing.snapshot;
  }

  /** The workers that are attached, or that may come back. */
  get workers(): WorkerSnapshot[] {
    return this.#workers.snapshot;
  }

  /** The ids of the worker processes that this server started. */
  get workerPids(): number[] {
    return this.#workers.pids;
  }

  /** The port that other workers attach to; undefined where they cannot, or over a Unix socket. */
  get workerPort(): number | undefined {
    return this.#workers.port;
  }

  /** Where the message with this id is; undefined where it is not known (any more). */
  async stage(id: string): Promise<Stage | undefined> {
    const found = await this.#processing.find(id);
    return found?.stage;
  }

  /**
   * Be told of each stage of a message, of the one that it is at first; resolves with what ends that.
   *
   * Rejects with `message/unknown` where it is not known (any more).
   */
  follow(id: string, listener: (stage: Stage) => void): Promise<() => void> {
    return this.#processing.follow(id, listener);
  }

  /**
   * Resolves when an accepted message was delivered or dropped. Rejects with `message/rejected`, with `message/dead` once
   * it is among the dead letters, with `message/discarded`, or with `message/unknown`.
   */
  async processed(id: string): Promise<Processed> {
    const end = optionalDeferred<Processed>();
    const stop = await this.#processing.follow(id, (stage) => {
      if (stage.stage === "delivered" || stage.stage === "dropped") end.resolve(stage);
      else if (stage.stage === "rejected") end.reject(rejected(stage.reason));
      else if (stage.stage === "dead") end.reject(wireError("message/dead", "the message is among the dead letters"));
      else if (stage.stage === "discarded") end.reject(wireError("message/discarded", "the message was thrown away"));
    });
    try {
      return await end.promise;
    } finally {
      stop();
    }
  }
}
