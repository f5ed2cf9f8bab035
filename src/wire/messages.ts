/**
 * The messages of `busbar.v1` as types: `docs/protocol.md` in TypeScript.
 *
 * On the wire each is one JSON object in one text message, with exactly these members.
 */
import type { Credentials, ErrorBody, Position, Stage, SubscribeFrom, SubscribePolicy } from "./terms.js";

export type * from "./terms.js";

/** What a client asks for. `id` is a positive integer; the reply carries it in `re`. */
export type Command =
  | HelloCommand
  | RefreshCommand
  | CompareCommand
  | PingCommand
  | SubscribeCommand
  | ResumeCommand
  | UnsubscribeCommand
  | PublishCommand
  | PublishAllCommand
  | FollowCommand
  | JoinCommand
  | LeaveCommand
  | CallCommand
  | CancelCommand
  | OfferCommand
  | WithdrawCommand
  | AnswerCommand;

export interface HelloCommand {
  readonly id: number;
  readonly do: "hello";
  readonly auth?: Credentials;
  /**
   * Names this client over all of its connections: 16 to 64 characters of `[A-Za-z0-9_-]` that nobody can guess. It
   * makes repeated publishes harmless, and brings the presence back after a cut.
   */
  readonly client?: string;
  /** The fingerprint of the client's contract. */
  readonly contract?: string;
}

/** Fresh credentials for the same principal. */
export interface RefreshCommand {
  readonly id: number;
  readonly do: "refresh";
  readonly auth: Credentials;
}

/** The client's contract by parts: each pattern with its fingerprint. */
export interface CompareCommand {
  readonly id: number;
  readonly do: "compare";
  readonly parts: Readonly<Record<string, string>>;
}

/** Is the connection alive? */
export interface PingCommand {
  readonly id: number;
  readonly do: "ping";
}

/** Where one subscription begins and how it goes on. */
export interface CursorRequest {
  readonly channel: string;
  /** Default: `"now"`. */
  readonly from?: SubscribeFrom;
  /** Default: `all`. */
  readonly policy?: SubscribePolicy;
}

export interface SubscribeCommand extends CursorRequest {
  readonly id: number;
  readonly do: "subscribe";
}

/** Several subscriptions at once, each for itself: at most `cursorsMax`. */
export interface ResumeCommand {
  readonly id: number;
  readonly do: "resume";
  readonly cursors: readonly CursorRequest[];
}

export interface UnsubscribeCommand {
  readonly id: number;
  readonly do: "unsubscribe";
  readonly channel: string;
}

/** Which publish this is, so that a repeat of it is recognised. Needs `client` in `hello`. */
export interface Repeatable {
  /** From 1; the client's own count for this channel, over all of its connections. */
  readonly seq?: number;
  /** For how many milliseconds the client has been trying; missing at the first attempt. */
  readonly ageMs?: number;
}

/** When a message is to be processed and delivered; missing: at once. One of the two. */
export interface Timing {
  /** In milliseconds since 1970 UTC of the server's clock. */
  readonly deliverAt?: number;
  /** So many milliseconds after the first attempt to publish it. */
  readonly after?: number;
}

export interface PublishCommand extends Repeatable, Timing {
  readonly id: number;
  readonly do: "publish";
  readonly channel: string;
  /** Any JSON value, at most `jsonDepthMax` deep. */
  readonly data: unknown;
}

/** Several messages of one channel, in their order: at most `batchMax`. `seq` is the first one's, the others follow. */
export interface PublishAllCommand extends Repeatable, Timing {
  readonly id: number;
  readonly do: "publishAll";
  readonly channel: string;
  readonly messages: readonly unknown[];
}

/** Be told of each stage of a message that was accepted, until its end. */
export interface FollowCommand {
  readonly id: number;
  readonly do: "follow";
  /** The message's id. */
  readonly message: string;
}

export interface JoinCommand {
  readonly id: number;
  readonly do: "join";
  readonly channel: string;
  /** Any JSON value; what the others see of this member. */
  readonly state?: unknown;
}

export interface LeaveCommand {
  readonly id: number;
  readonly do: "leave";
  readonly channel: string;
}

/** Have the server carry out a call of the contract. */
export interface CallCommand {
  readonly id: number;
  readonly do: "call";
  readonly name: string;
  /** Any JSON value. */
  readonly input?: unknown;
  /** How long the client waits for the answer. */
  readonly deadlineMs?: number;
}

/** The client does not want the answer to its command with the id `call` any more; that is answered `call/cancelled`. */
export interface CancelCommand {
  readonly id: number;
  readonly do: "cancel";
  readonly call: number;
}

/** From now on the server may push calls of this name. */
export interface OfferCommand {
  readonly id: number;
  readonly do: "offer";
  readonly name: string;
}

export interface WithdrawCommand {
  readonly id: number;
  readonly do: "withdraw";
  readonly name: string;
}

/** The answer to a call that the server pushed. */
export type AnswerCommand = OutputAnswer | ErrorAnswer;

export interface OutputAnswer {
  readonly id: number;
  readonly do: "answer";
  readonly call: number;
  /** Any JSON value. */
  readonly output: unknown;
}

export interface ErrorAnswer {
  readonly id: number;
  readonly do: "answer";
  readonly call: number;
  readonly error: ErrorBody;
}

/** What each command's `ok` holds. */
export interface OkOf {
  readonly hello: HelloOk;
  readonly refresh: RefreshOk;
  readonly compare: CompareOk;
  readonly ping: NothingOk;
  readonly subscribe: SubscribeOk;
  readonly resume: ResumeOk;
  readonly unsubscribe: NothingOk;
  readonly publish: PublishOk;
  readonly publishAll: PublishAllOk;
  readonly follow: Stage;
  readonly join: JoinOk;
  readonly leave: NothingOk;
  readonly call: CallOk;
  readonly cancel: NothingOk;
  readonly offer: NothingOk;
  readonly withdraw: NothingOk;
  readonly answer: NothingOk;
}

export interface HelloOk {
  /** Names the session in logs; with `client` in `hello` the same over its connections. No secret. */
  readonly session: string;
  readonly principal: { readonly id: string; readonly roles: readonly string[] };
  /** After so much time the connection is closed, unless there is a `refresh` before; missing where it does not expire. */
  readonly expiresInMs?: number;
  /** The client's contract is not the server's; `compare` tells where they differ. */
  readonly contract?: "differs";
}

export interface RefreshOk {
  readonly expiresInMs?: number;
}

/** Patterns of the two contracts. */
export interface CompareOk {
  /** In both, and different. */
  readonly changed: readonly string[];
  /** Only the client has them. */
  readonly missing: readonly string[];
}

export interface SubscribeOk {
  /** The pushes go on behind it. */
  readonly position: Position;
}

/** One answer for each cursor, in their order. */
export interface ResumeOk {
  readonly cursors: readonly (SubscribeOk | { readonly error: ErrorBody })[];
}

/**
 * The message is in the log and on its way to the subscribers; or the processor dropped it and nobody gets it; or it is
 * kept, and will be processed.
 */
export type PublishOk = DeliveredOk | DroppedOk | AcceptedOk;

export interface DeliveredOk {
  readonly stage: "delivered";
  readonly position: Position;
}

export interface DroppedOk {
  readonly stage: "dropped";
}

/** It is as durable as its channel asks. */
export interface AcceptedOk {
  readonly stage: "accepted";
  /** The message's id. */
  readonly message: string;
}

/** One answer for each message, in their order. */
export interface PublishAllOk {
  readonly receipts: readonly (PublishOk | { readonly error: ErrorBody })[];
}

export interface JoinOk {
  /** The name of this membership, as in the channel's presence pushes. */
  readonly member: string;
}

export interface CallOk {
  readonly output: unknown;
}

export type NothingOk = Readonly<Record<never, never>>;

/** What answers a command: `ok` is read with `decodeOk`, by whoever knows which command had this id. */
export interface OkReply {
  readonly re: number;
  readonly ok: Readonly<Record<string, unknown>>;
}

/** `re` is missing where the error belongs to no command. */
export interface ErrorReply {
  readonly re?: number;
  readonly error: ErrorBody;
}

/** What the server sends of its own accord. */
export type Push =
  | MessagePush
  | GapPush
  | PresencePush
  | UnsubscribedPush
  | StagePush
  | CallPush
  | CancelPush
  | GoodbyePush;

export interface MessagePush {
  readonly push: "message";
  readonly channel: string;
  readonly offset: number;
  readonly data: unknown;
  /** The publisher's principal id. */
  readonly from: string;
  /** Milliseconds since 1970 UTC. */
  readonly at: number;
}

export interface GapPush {
  readonly push: "gap";
  readonly channel: string;
  /** The messages go on behind it. */
  readonly position: Position;
  /** The offsets that are gone, both included; missing where that is not known. */
  readonly lost?: { readonly from: number; readonly to: number };
}

export type PresencePush = PresenceAllPush | PresenceChangePush;

/** Everybody who is there. */
export interface PresenceAllPush {
  readonly push: "presence";
  readonly channel: string;
  readonly members: readonly PresenceMember[];
}

/** What changed. A member of `joined` that was there already has a new state. */
export interface PresenceChangePush {
  readonly push: "presence";
  readonly channel: string;
  readonly joined: readonly PresenceMember[];
  readonly left: readonly string[];
}

export interface PresenceMember {
  /** The name of the membership: two windows of one principal are two members. */
  readonly member: string;
  /** The principal's id. */
  readonly id: string;
  /** `null` where the member gave none. */
  readonly state: unknown;
}

export interface UnsubscribedPush {
  readonly push: "unsubscribed";
  readonly channel: string;
  readonly error: ErrorBody;
}

/** A message that is followed has got further. */
export type StagePush = { readonly push: "stage"; readonly message: string } & Stage;

/** Have the client carry out a call that it offers. */
export interface CallPush {
  readonly push: "call";
  /** Names this call in the answer and in `cancel`. */
  readonly call: number;
  readonly name: string;
  readonly input: unknown;
  /** How long the server waits for the answer. */
  readonly deadlineMs: number;
}

/** The server does not want the answer any more. */
export interface CancelPush {
  readonly push: "cancel";
  readonly call: number;
}

export interface GoodbyePush {
  readonly push: "goodbye";
  readonly retryAfterMs: number;
}

/** A push that this side is too old to know; to be ignored. */
export interface UnknownPush {
  readonly push: "unknown";
  readonly name: string;
}

export type ServerMessage = OkReply | ErrorReply | Push | UnknownPush;
