import type { Clock } from "../kernel/clock.js";
import { deferred } from "../kernel/deferred.js";
import { BusbarError } from "../kernel/errors.js";
import { WireError, wireError } from "../wire/errors.js";
import type { CallPush, CancelPush, ErrorBody } from "../wire/messages.js";
import { whenAborted } from "./abort.js";
import type { Connection } from "./connection.js";
import { clientError } from "./errors.js";
import type { Outcome, Question } from "./request-table.js";

export interface CallOptions {
  /** How long the answer may take, from now on; the contract's where that is less. Default: 30,000. */
  readonly deadlineMs?: number | undefined;
  /** Gives the call up: it rejects with the signal's reason, and the server is told. */
  readonly signal?: AbortSignal | undefined;
}

/** How a call ended. `refused`: the handler did not do it, and says why. `failed`: anything else. */
export type CallResult<Output, Reason> =
  | { readonly kind: "ok"; readonly output: Output }
  | { readonly kind: "refused"; readonly reason: Reason }
  | { readonly kind: "failed"; readonly error: BusbarError };

/**
 * A call under way: awaited it is the output, and rejects with a BusbarError where there is none (`call/refused` has the
 * `reason`). `result()` tells the same with types for all that can happen, and never rejects.
 */
export interface Call<Output, Reason> extends Promise<Output> {
  result(): Promise<CallResult<Output, Reason>>;
}

/** What a handler of this client knows about a call beside its input. */
export interface HandlerContext<Reason> {
  readonly name: string;
  /** Aborted when the server does not want the answer any more, or the connection is cut. */
  readonly signal: AbortSignal;
  /** `return refuse(reason)`: tell the server why not. */
  readonly refuse: (reason: Reason) => Refusal;
}

/** A handler's answer: it does not do what was asked, and says why. */
export class Refusal {
  readonly reason: unknown;

  constructor(reason: unknown) {
    this.reason = reason;
  }
}

type AnyHandler = (input: unknown, context: HandlerContext<unknown>) => unknown;

export interface CallsOptions {
  readonly connection: Pick<Connection, "isReady" | "request">;
  readonly clock: Clock;
  /** Takes what a handler of the application threw. */
  readonly reportDefect: (error: unknown) => void;
}

/** So many calls can wait for a connection. */
const WAITING_MAX = 1_000;
const DEADLINE_MS = 30_000;

interface Pending {
  readonly name: string;
  readonly input: unknown;
  readonly endsAtMs: number;
  /** Settle it, once. */
  resolve(output: unknown): void;
  reject(reason: unknown): void;
  /** The command's id, once it was sent. */
  id: number | undefined;
}

/** A client's calls: those that it makes, and those that it carries out. */
export class Calls {
  readonly #options: CallsOptions;
  /** Calls that were not sent yet. */
  readonly #waiting = new Set<Pending>();
  readonly #handlers = new Map<string, AnyHandler>();
  readonly #running = new Map<number, AbortController>();
  #ended: BusbarError | undefined;

  constructor(options: CallsOptions) {
    this.#options = options;
  }

  call(name: string, input: unknown, options: CallOptions = {}): Call<unknown, unknown> {
    const settle = deferred();
    const { promise } = settle;
    this.#begin({ name, input }, options, settle);
    return Object.assign(promise, { result: () => promise.then(okResult, failedResult) });
  }

  /** Carry out the calls of this name, in place of whoever did so before; returns the function that ends it. */
  handle(name: string, handler: AnyHandler): () => void {
    this.#handlers.set(name, handler);
    this.#tell("offer", name);
    return () => {
      if (this.#handlers.get(name) !== handler) return;
      this.#handlers.delete(name);
      this.#tell("withdraw", name);
    };
  }

  connectionReady(): void {
    for (const name of this.#handlers.keys()) this.#tell("offer", name);
    for (const call of this.#waiting) this.#send(call);
  }

  connectionLost(): void {
    for (const running of this.#running.values()) running.abort(clientError("connection/lost"));
    this.#running.clear();
  }

  pushReceived(push: CallPush | CancelPush): void {
    if (push.push === "cancel") this.#running.get(push.call)?.abort(wireError("call/cancelled", "given up"));
    else this.#carryOut(push).catch(this.#options.reportDefect);
  }

  /** The bus is over. */
  end(error: BusbarError): void {
    this.#ended = error;
    this.connectionLost();
    for (const call of this.#waiting) call.reject(error);
  }

  #begin(
    what: Pick<Pending, "name" | "input">,
    { deadlineMs = DEADLINE_MS, signal }: CallOptions,
    settle: Pick<Pending, "reject" | "resolve">,
  ): void {
    const { clock } = this.#options;
    if (this.#ended !== undefined) return settle.reject(this.#ended);
    if (signal?.aborted === true) return settle.reject(signal.reason);
    if (this.#waiting.size >= WAITING_MAX) return settle.reject(wireError("call/too-many", "too many wait"));
    const done = (): void => {
      this.#waiting.delete(call);
      timer.cancel();
      unlisten();
    };
    const giveUp = (reason: unknown): void => {
      const { id } = call;
      if (id !== undefined) this.#request({ do: "cancel", call: id });
      call.reject(reason);
    };
    const timer = clock.schedule(deadlineMs, () =>
      giveUp(wireError("call/deadline", `no answer within ${deadlineMs} ms`)),
    );
    const unlisten = whenAborted(signal, () => giveUp(signal?.reason));
    const call: Pending = {
      ...what,
      endsAtMs: clock.now() + deadlineMs,
      id: undefined,
      resolve: (output) => {
        done();
        settle.resolve(output);
      },
      reject: (reason) => {
        done();
        settle.reject(reason);
      },
    };
    this.#waiting.add(call);
    if (this.#options.connection.isReady) this.#send(call);
  }

  #send(call: Pending): void {
    const { clock, connection } = this.#options;
    const { input, name } = call;
    this.#waiting.delete(call);
    const deadlineMs = Math.max(1, Math.ceil(call.endsAtMs - clock.now()));
    try {
      call.id = connection.request({ do: "call", name, input, deadlineMs }, (outcome) => this.#answered(call, outcome));
    } catch (error) {
      call.reject(error);
    }
  }

  #answered(call: Pending, outcome: Outcome<"call">): void {
    call.id = undefined;
    switch (outcome.kind) {
      case "ok":
        return call.resolve(outcome.ok.output);
      case "refused":
        return call.reject(outcome.error);
      case "lost":
        // What the server certainly did not hear waits for the next connection.
        if (outcome.isUnheard === true) this.#waiting.add(call);
        else call.reject(clientError("call/unknown-fate"));
    }
  }

  async #carryOut({ call, input, name }: CallPush): Promise<void> {
    const controller = new AbortController();
    const { signal } = controller;
    this.#running.set(call, controller);
    const answer = await this.#answerTo(input, { name, signal, refuse: (reason) => new Refusal(reason) });
    if (this.#running.get(call) !== controller) return;
    this.#running.delete(call);
    this.#request({ do: "answer", call, ...answer });
  }

  async #answerTo(
    input: unknown,
    context: HandlerContext<unknown>,
  ): Promise<{ readonly output: unknown } | { readonly error: ErrorBody }> {
    const handler = this.#handlers.get(context.name);
    if (handler === undefined) return failure("call/no-handler", "nobody handles it here");
    try {
      const output = await handler(input, context);
      if (!(output instanceof Refusal)) return { output: output ?? null };
      return failure("call/refused", "it was refused", output.reason);
    } catch (error) {
      this.#options.reportDefect(error);
      return failure("call/failed", "it failed");
    }
  }

  #tell(what: "offer" | "withdraw", name: string): void {
    this.#request({ do: what, name });
  }

  /** Send a command whose answer says nothing. */
  #request(question: Question<"offer" | "withdraw" | "cancel" | "answer">): void {
    const { connection } = this.#options;
    if (connection.isReady) connection.request(question, () => {});
  }
}

/** What the server is told; without a reason there is no such member. */
function failure(code: string, message: string, reason?: unknown): { readonly error: ErrorBody } {
  return { error: { code, message, retryable: code === "call/failed", ...(reason !== undefined && { reason }) } };
}

function okResult(output: unknown): CallResult<unknown, unknown> {
  return { kind: "ok", output };
}

function failedResult(error: unknown): CallResult<unknown, unknown> {
  if (error instanceof WireError && error.code === "call/refused") return { kind: "refused", reason: error.reason };
  if (error instanceof BusbarError) return { kind: "failed", error };
  return { kind: "failed", error: wireError("call/cancelled", "given up", { cause: error }) };
}
