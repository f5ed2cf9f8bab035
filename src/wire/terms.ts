/** What commands, answers and pushes of `busbar.v1` are made of, as types. */

/** A place in a channel's log. Offsets of an epoch begin at 1 and have no gaps; 0 is before the first. */
export interface Position {
  readonly epoch: string;
  readonly offset: number;
}

/** What a client says about who it is. Secrets: never log them. */
export type Credentials = BasicCredentials | BearerCredentials;

export interface BasicCredentials {
  readonly scheme: "basic";
  readonly username: string;
  readonly password: string;
}

export interface BearerCredentials {
  readonly scheme: "bearer";
  readonly token: string;
}

/** Where a message is that was accepted. */
export type Stage = PendingStage | EndStage;

/** How it goes on is told. */
export type PendingStage =
  /** It waits to be processed; not before `dueAt`, in milliseconds since 1970 UTC. */
  | { readonly stage: "accepted"; readonly dueAt?: number }
  /** The attempt with this number, from 1, is under way. */
  | { readonly stage: "processing"; readonly attempt: number }
  /** That attempt failed; the next one is at `dueAt`. */
  | { readonly stage: "retrying"; readonly attempt: number; readonly dueAt: number }
  /** It failed for the last time. An operator can have it processed again, or throw it away. */
  | { readonly stage: "dead" };

/** How it ended. */
export type EndStage =
  /** What came out of it is in the logs; `position` is the message's own, where it is known. */
  | { readonly stage: "delivered"; readonly position?: Position }
  | { readonly stage: "dropped" }
  /** The processor's reason: any JSON value. */
  | { readonly stage: "rejected"; readonly reason: unknown }
  | { readonly stage: "discarded" };

/** The members of an error on the wire. `code` is stable; `message` is for people. */
export interface ErrorBody {
  readonly code: string;
  readonly message: string;
  readonly retryable: boolean;
  readonly retryAfterMs?: number;
  /** With `call/refused`: the handler's reason, as the contract's `refusal` describes it. */
  readonly reason?: unknown;
}

/** Where a subscription begins: behind the newest message, the oldest kept, n before the newest, or a position. */
export type SubscribeFrom = "now" | "start" | { readonly last: number } | Position;

/**
 * What becomes of messages while the connection has no room.
 *
 * `all`: they stay in the log, and the subscription reads them when there is room. `latest`: only the newest counts, or
 * the newest for each value of the payload's member `key`. `disconnect`: the server closes the connection with 4502.
 */
export type SubscribePolicy =
  | { readonly kind: "all" }
  | { readonly kind: "latest"; readonly key?: string }
  | { readonly kind: "disconnect" };
