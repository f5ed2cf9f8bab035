import type { Principal } from "../auth/principal.js";
import type { Params } from "../contract/pattern.js";

/** A handler's answer: it does not do what was asked, and says why. */
export class Refusal {
  readonly reason: unknown;

  constructor(reason: unknown) {
    this.reason = reason;
  }
}

export interface RequestOptions {
  /** How long to wait for the answer; the contract's `deadlineMs` where that is less. */
  readonly deadlineMs?: number | undefined;
  /** Gives the call up: it rejects with `call/cancelled`, and the other side is told. */
  readonly signal?: AbortSignal | undefined;
}

/** The client at the other end of a connection, to be asked for what it offers. */
export interface CallableClient {
  /** Names its session, as in the logs. */
  readonly session: string;
  /** Rejects with a WireError: `call/no-handler`, `call/refused`, `call/failed`, `call/deadline`, `call/cancelled`. */
  call(name: string, input: unknown, options?: RequestOptions): Promise<unknown>;
}

/** What a handler knows about a call beside its input. */
export interface CallContext {
  readonly name: string;
  /** The values of the pattern's parameters in the call's name. */
  readonly params: Params;
  readonly principal: Principal;
  /** Aborted at the deadline, when the caller gives up or is gone, and when the server stops. */
  readonly signal: AbortSignal;
  readonly deadlineMs: number;
  /** `return refuse(reason)`: tell the caller why not. */
  readonly refuse: (reason: unknown) => Refusal;
  /** The caller's own connection. */
  readonly client: CallableClient;
}

/** The application's function behind a call. Its input has been checked by the contract, its output will be. */
export type CallHandler = (input: unknown, context: CallContext) => unknown;

/** The handlers by the contract's patterns. */
export type CallTable = ReadonlyMap<string, CallHandler>;
