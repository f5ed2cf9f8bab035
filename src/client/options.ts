import type { Contract } from "../contract/contract.js";
import type { Credentials } from "../wire/messages.js";

/** What an application can choose about its bus. Times are in milliseconds. */
export interface BusOptions {
  /**
   * Gives the token that says who this client is. Asked before every attempt to connect, and again before the token
   * expires.
   */
  readonly token?: (() => string | Promise<string>) | undefined;
  /** In place of `token`: credentials of any kind. Where neither is given, the handshake says who it is. */
  readonly auth?: (() => Credentials | Promise<Credentials>) | undefined;
  /** The contract that both sides share: what does not fit it is not even sent. */
  readonly contract?: Contract | undefined;
  /** Closes the bus. */
  readonly signal?: AbortSignal | undefined;
  /** The first delay before another attempt is at most this long, each further one at most twice as long. */
  readonly reconnectDelayMs?: number;
  /** No delay before another attempt is longer, but for one that the server asks for. */
  readonly reconnectDelayMsMax?: number;
  /** How long one attempt may take, from asking for credentials to the server's welcome. */
  readonly attemptTimeoutMs?: number;
  /** After so much silence the server is asked whether it is there. */
  readonly pingAfterMs?: number;
  /** A connection on which nothing comes for so long after the question is given up. */
  readonly pongTimeoutMs?: number;
  /** How many bytes a command may take; keep it at the server's `messageBytesMax`. */
  readonly commandBytesMax?: number;
  /** How many messages of a channel wait for their reader before they are left in the server's log. */
  readonly messagesWaitingMax?: number;
  /** How many published messages wait for their receipts, sent or not. */
  readonly publishesWaitingMax?: number;
  /** How many published messages are sent before the receipts of earlier ones have come. */
  readonly publishesInFlightMax?: number;
  /** How many publishing commands leave in a second; keep it below the server's `commandsPerSecond`. */
  readonly publishCommandsPerSecond?: number;
  /** For how long a message is sent again; keep it within the server's idempotence window. */
  readonly publishRetryMs?: number;
}

/** Every option with its value. */
export interface BusSettings extends Required<Omit<BusOptions, "auth" | "token" | "contract" | "signal">> {
  readonly auth: BusOptions["auth"];
  readonly contract: BusOptions["contract"];
  readonly signal: BusOptions["signal"];
}

export const busDefaults: BusSettings = {
  auth: undefined,
  contract: undefined,
  signal: undefined,
  reconnectDelayMs: 500,
  reconnectDelayMsMax: 20_000,
  attemptTimeoutMs: 10_000,
  pingAfterMs: 25_000,
  pongTimeoutMs: 10_000,
  commandBytesMax: 65_536,
  messagesWaitingMax: 1_000,
  publishesWaitingMax: 1_000,
  publishesInFlightMax: 256,
  publishCommandsPerSecond: 150,
  publishRetryMs: 600_000,
};

/** Fill in the defaults. */
export function settingsOf({ token, ...options }: BusOptions): BusSettings {
  const auth =
    token === undefined ? undefined : async () => ({ scheme: "bearer", token: await token() }) satisfies Credentials;
  const given = Object.entries({ auth, ...options }).filter(([, value]) => value !== undefined);
  return { ...busDefaults, ...Object.fromEntries(given) };
}
