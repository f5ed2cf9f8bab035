import type { Credentials } from "../wire/messages.js";

/** What an application can choose about its bus. Times are in milliseconds. */
export interface BusOptions {
  /** Asked before every attempt to connect, so that a token can be fresh. Left out: the handshake says who it is. */
  readonly auth?: (() => Credentials | Promise<Credentials>) | undefined;
  /** The first delay before another attempt is at most this long, each further one at most twice as long. */
  readonly reconnectDelayMs?: number;
  /** No delay before another attempt is longer, but for one that the server asks for. */
  readonly reconnectDelayMsMax?: number;
  /** How long one attempt may take, from asking for credentials to the server's welcome. */
  readonly attemptTimeoutMs?: number;
  /** A connection that leaves a command unanswered this long is given up. */
  readonly replyTimeoutMs?: number;
  /** How many bytes a command may take; keep it at the server's `messageBytesMax`. */
  readonly commandBytesMax?: number;
  /** How many messages of a channel wait for their reader before they are left in the server's log. */
  readonly messagesWaitingMax?: number;
  /** How many publishes wait while there is no connection. */
  readonly publishesWaitingMax?: number;
}

/** Every option with its value. */
export interface BusSettings extends Required<Omit<BusOptions, "auth">> {
  readonly auth: BusOptions["auth"] | undefined;
}

export const busDefaults: BusSettings = {
  auth: undefined,
  reconnectDelayMs: 500,
  reconnectDelayMsMax: 20_000,
  attemptTimeoutMs: 10_000,
  replyTimeoutMs: 30_000,
  commandBytesMax: 65_536,
  messagesWaitingMax: 1_000,
  publishesWaitingMax: 100,
};

/** Fill in the defaults. */
export function settingsOf(options: BusOptions): BusSettings {
  const given = Object.entries(options).filter(([, value]) => value !== undefined);
  return { ...busDefaults, ...Object.fromEntries(given) };
}
