import type { Clock, Timer } from "../kernel/clock.js";
import type { BusbarError } from "../kernel/errors.js";
import { wireError } from "../wire/errors.js";
import type { EndStage, Stage, StagePush } from "../wire/messages.js";
import type { Connection } from "./connection.js";
import type { Pace } from "./pace.js";
import { restMs } from "./rest.js";

/** What came of a message that was accepted. */
export type Processed = Extract<EndStage, { stage: "delivered" | "dropped" }>;

export type StageListener = (stage: Stage) => void;

interface Follower {
  readonly message: string;
  readonly reached: (stage: Stage) => void;
  readonly reject: (error: BusbarError) => void;
}

export interface FollowsOptions {
  readonly connection: Pick<Connection, "isReady" | "request">;
  readonly clock: Clock;
  /** What all commands of the client share. */
  readonly pace: Pace;
  /** Takes what a listener of the application threw. */
  readonly reportDefect: (error: unknown) => void;
}

/** Who follows accepted messages on their way through the pipeline, over all connections. */
export class Follows {
  readonly #options: FollowsOptions;
  readonly #followers = new Set<Follower>();
  /** Those whose messages the server was not asked for on this connection. */
  #waiting = new Set<Follower>();
  #askTimer: Timer | undefined;
  #ended: BusbarError | undefined;

  constructor(options: FollowsOptions) {
    this.#options = options;
  }

  /**
   * Resolves when the message was delivered or dropped. Each stage goes to the listener: after a cut, the one that the
   * message is at then; and behind `dead`, where the promise has rejected, what an operator makes of the message.
   */
  follow(message: string, listener?: StageListener): Promise<Processed> {
    return new Promise((resolve, reject) => {
      const reached = (stage: Stage): void => {
        // Two can follow one message: the answer to one of them is news to the other, too.
        if (!this.#followers.has(follower)) return;
        try {
          listener?.(stage);
        } catch (error) {
          this.#options.reportDefect(error);
        }
        if (stage.stage === "accepted" || "attempt" in stage) return;
        // A dead letter does not go on by itself, but an operator can have it processed again.
        if (stage.stage !== "dead" || listener === undefined) this.#followers.delete(follower);
        if (stage.stage === "delivered" || stage.stage === "dropped") return resolve(stage);
        const reason = "reason" in stage ? stage.reason : undefined;
        const text = typeof reason === "string" ? reason : "it failed";
        reject(wireError(`message/${stage.stage}`, text, { reason }));
      };
      const follower = { message, reached, reject };
      if (this.#ended !== undefined) return reject(this.#ended);
      this.#followers.add(follower);
      this.#waiting.add(follower);
      this.#ask();
    });
  }

  connectionReady(): void {
    this.#waiting = new Set(this.#followers);
    this.#ask();
  }

  pushReceived(push: StagePush): void {
    for (const follower of this.#followers) if (follower.message === push.message) follower.reached(push);
  }

  /** The bus is over. */
  end(error: BusbarError): void {
    this.#ended = error;
    this.#askTimer?.cancel();
    for (const { reject } of this.#followers) reject(error);
  }

  /** Ask for those that wait, no faster than a server allows. */
  #ask(): void {
    const { clock, connection, pace } = this.#options;
    for (const follower of this.#waiting) {
      if (!connection.isReady) return;
      const waitMs = pace.take(0, clock.now());
      if (waitMs > 0) return this.#askIn(waitMs);
      this.#waiting.delete(follower);
      connection.request({ do: "follow", message: follower.message }, (outcome) => {
        if (outcome.kind === "ok") return follower.reached(outcome.ok);
        if (outcome.kind === "lost") return;
        if (outcome.error.retryable) {
          this.#waiting.add(follower);
          return this.#askIn(restMs(outcome.error));
        }
        this.#followers.delete(follower);
        follower.reject(outcome.error);
      });
    }
  }

  #askIn(delayMs: number): void {
    this.#askTimer?.cancel();
    this.#askTimer = this.#options.clock.schedule(delayMs, () => this.#ask());
  }
}
