/**
 * The messages of `busbar.v1` as types: `docs/protocol.md` in TypeScript.
 *
 * On the wire each is one JSON object in one text message, with exactly these members.
 */

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

/** Where a subscription begins: behind the newest message, the oldest kept, n before the newest, or a position. */
export type SubscribeFrom = "now" | "start" | { readonly last: number } | Position;

/** What a client asks for. `id` is a positive integer; the reply carries it in `re`. */
export type Command =
  | HelloCommand
  | SubscribeCommand
  | UnsubscribeCommand
  | PublishCommand
  | JoinCommand
  | LeaveCommand;

export interface HelloCommand {
  readonly id: number;
  readonly do: "hello";
  readonly auth?: Credentials;
}

export interface SubscribeCommand {
  readonly id: number;
  readonly do: "subscribe";
  readonly channel: string;
  /** Default: `"now"`. */
  readonly from?: SubscribeFrom;
}

export interface UnsubscribeCommand {
  readonly id: number;
  readonly do: "unsubscribe";
  readonly channel: string;
}

export interface PublishCommand {
  readonly id: number;
  readonly do: "publish";
  readonly channel: string;
  /** Any JSON value, at most `jsonDepthMax` deep. */
  readonly data: unknown;
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

/** What each command's `ok` holds. */
export interface OkOf {
  readonly hello: HelloOk;
  readonly subscribe: SubscribeOk;
  readonly unsubscribe: NothingOk;
  readonly publish: PublishOk;
  readonly join: JoinOk;
  readonly leave: NothingOk;
}

export interface HelloOk {
  readonly session: string;
  readonly principal: { readonly id: string; readonly roles: readonly string[] };
}

export interface SubscribeOk {
  /** The pushes go on behind it. */
  readonly position: Position;
}

/** The message is in the log and on its way to the subscribers, or the processor dropped it and nobody gets it. */
export type PublishOk = DeliveredOk | DroppedOk;

export interface DeliveredOk {
  readonly stage: "delivered";
  readonly position: Position;
}

export interface DroppedOk {
  readonly stage: "dropped";
}

export interface JoinOk {
  /** The name of this membership, as in the channel's presence pushes. */
  readonly member: string;
}

export type NothingOk = Readonly<Record<never, never>>;

/** The members of an error on the wire. `code` is stable; `message` is for people. */
export interface ErrorBody {
  readonly code: string;
  readonly message: string;
  readonly retryable: boolean;
  readonly retryAfterMs?: number;
}

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
export type Push = MessagePush | GapPush | PresencePush | UnsubscribedPush | GoodbyePush;

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
