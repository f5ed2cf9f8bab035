import type { BusbarError } from "../kernel/errors.js";
import { wireError } from "../wire/errors.js";
import type { EndStage, Stage, StagePush } from "../wire/messages.js";
import type { Connection } from "./connection.js";

/** What came of a message that was accepted. */
export type Processed = Extract<EndStage, { stage: "delivered" | "dropped" }>;

export type StageListener = (stage: Stage) => void;

interface Follower {
  readonly message: string;
  readonly reached: (stage: Stage) => void;
  readonly reject: (error: BusbarError) => void;
}

/** Who follows accepted messages on their way through the pipeline, over all connections. */
export class Follows {
  readonly #connection: Pick<Connection, "isReady" | "request">;
  readonly #followers = new Set<Follower>();
  #ended: BusbarError | undefined;

  constructor(connection: Pick<Connection, "isReady" | "request">) {
    this.#connection = connection;
  }

  /** Resolves when the message was delivered or dropped. Each stage goes to the listener. */
  follow(message: string, listener?: StageListener): Promise<Processed> {
    return new Promise((resolve, reject) => {
      const reached = (stage: Stage): void => {
        listener?.(stage);
        // It goes on by itself: a dead letter does not.
        if (stage.stage === "accepted" || "attempt" in stage) return;
        this.#followers.delete(follower);
        if (stage.stage === "delivered" || stage.stage === "dropped") return resolve(stage);
        const reason = "reason" in stage ? stage.reason : undefined;
        const text = typeof reason === "string" ? reason : "it failed";
        reject(wireError(`message/${stage.stage}`, text, { reason }));
      };
      const follower = { message, reached, reject };
      if (this.#ended !== undefined) return reject(this.#ended);
      this.#followers.add(follower);
      this.#ask(follower);
    });
  }

  connectionReady(): void {
    for (const follower of this.#followers) this.#ask(follower);
  }

  pushReceived(push: StagePush): void {
    for (const follower of this.#followers) if (follower.message === push.message) follower.reached(push);
  }

  /** The bus is over. */
  end(error: BusbarError): void {
    this.#ended = error;
    for (const { reject } of this.#followers) reject(error);
  }

  #ask(follower: Follower): void {
    const { message, reached, reject } = follower;
    if (!this.#connection.isReady) return;
    this.#connection.request({ do: "follow", message }, (outcome) => {
      if (outcome.kind === "ok") return reached(outcome.ok);
      if (outcome.kind === "lost") return;
      this.#followers.delete(follower);
      reject(outcome.error);
    });
  }
}
