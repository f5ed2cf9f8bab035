import { optionalDeferred } from "../kernel/deferred.js";
import type { BusbarError } from "../kernel/errors.js";
import { wireError } from "../wire/errors.js";
import type { EndStage, PendingStage, Stage, StagePush } from "../wire/messages.js";
import type { Connection } from "./connection.js";

/** What came of a message that was accepted. */
export type Processed = Extract<EndStage, { stage: "delivered" | "dropped" }>;

export type StageListener = (stage: Stage) => void;

interface Follower {
  reached(stage: Stage): void;
  reject(error: BusbarError): void;
}

/** The accepted messages whose way through the pipeline is followed, over all connections. */
export class Follows {
  readonly #connection: Pick<Connection, "isReady" | "request">;
  readonly #followers = new Map<string, Set<Follower>>();
  #ended: BusbarError | undefined;

  constructor(connection: Pick<Connection, "isReady" | "request">) {
    this.#connection = connection;
  }

  /** Resolves when the message was delivered or dropped. Each stage goes to the listener. */
  follow(message: string, listener?: StageListener): Promise<Processed> {
    const { promise, reject, resolve } = optionalDeferred<Processed>();
    const followers = this.#followers.get(message) ?? new Set();
    this.#followers.set(message, followers);
    followers.add({
      reject,
      reached(stage) {
        listener?.(stage);
        if (isPending(stage)) return;
        if (stage.stage === "delivered" || stage.stage === "dropped") return resolve(stage);
        const { reason } = { reason: undefined, ...stage };
        reject(wireError(`message/${stage.stage}`, String(reason ?? "the processor failed"), { reason }));
      },
    });
    if (this.#ended !== undefined) this.end(this.#ended);
    else this.#ask(message);
    return promise;
  }

  connectionReady(): void {
    for (const message of this.#followers.keys()) this.#ask(message);
  }

  pushReceived({ message, push: _, ...stage }: StagePush): void {
    this.#reached(message, stage);
  }

  /** The bus is over. */
  end(error: BusbarError): void {
    this.#ended = error;
    for (const message of this.#followers.keys()) this.#refused(message, error);
  }

  #ask(message: string): void {
    if (!this.#connection.isReady) return;
    this.#connection.request(
      (id) => ({ id, do: "follow", message }),
      (outcome) => {
        if (outcome.kind === "ok") this.#reached(message, outcome.ok);
        else if (outcome.kind === "refused") this.#refused(message, outcome.error);
      },
    );
  }

  #reached(message: string, stage: Stage): void {
    const followers = this.#followers.get(message) ?? [];
    if (!isPending(stage)) this.#followers.delete(message);
    for (const follower of followers) follower.reached(stage);
  }

  #refused(message: string, error: BusbarError): void {
    for (const { reject } of this.#followers.get(message) ?? []) reject(error);
    this.#followers.delete(message);
  }
}

/** Whether it goes on by itself: a dead letter does not. */
function isPending(stage: Stage): stage is Exclude<PendingStage, { stage: "dead" }> {
  return stage.stage === "accepted" || "attempt" in stage;
}
