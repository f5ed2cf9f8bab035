import { callAction } from "../auth/rule-binding.js";
import type { CallMatch } from "../contract/contract.js";
import type { StandardSchema } from "../contract/standard-schema.js";
import { validate } from "../contract/validation.js";
import { causeText } from "../kernel/cause-text.js";
import { optionalDeferred, type Deferred } from "../kernel/deferred.js";
import { inReplyTo, wireError, WireError, wireErrorFrom, type WireErrorCode } from "../wire/errors.js";
import type { AnswerCommand, CallCommand, CancelCommand, OfferCommand, WithdrawCommand } from "../wire/messages.js";
import { Refusal, type CallableClient, type CallHandler, type RequestOptions } from "./call-handler.js";
import { askedOf, denial } from "./permission.js";
import type { Attendee } from "./services.js";

/** A session's calls: those that the client makes, and those that it offers to carry out. */
export class Calls {
  readonly #attendee: Attendee;
  /** What the client called, by the command's id; aborting it answers the call. */
  readonly #running = new Map<number, AbortController>();
  readonly #offers = new Map<string, CallMatch>();
  /** Calls that the client handles, until their answers have come. */
  readonly #requests = new Map<number, Deferred<unknown>>();
  #lastRequest = 0;
  /** This client, for handlers to ask it back. */
  readonly #client: CallableClient;

  constructor(attendee: Attendee) {
    const { session } = attendee;
    this.#attendee = attendee;
    this.#client = { session, call: (name, input, options) => this.request(name, input, options) };
  }

  /** Begin to carry out a call; it answers by itself. @throws WireError where it does not begin. */
  call(command: CallCommand): undefined {
    const { services } = this.#attendee;
    const { id, name } = command;
    const match = services.contract.matchCall(name);
    if (match?.definition.handledBy !== "server") throw wireError("call/unknown", `the server has no call ${name}`);
    const refused = denial(this.#attendee, callAction(match.definition), askedOf(name, match));
    if (refused !== undefined) throw refused;
    const handler = services.calls.get(match.pattern);
    if (handler === undefined) throw wireError("call/no-handler", `nobody handles ${name} here`);
    if (this.#running.size >= services.limits.callsMax || this.#running.has(id)) throw tooMany();
    const attendee = this.#attendee;
    this.#carryOut(command, match, handler).then(
      (output) => {
        if (!attendee.isOver) attendee.outbox.ok<"call">(id, { output });
      },
      (error: unknown) => {
        if (!attendee.isOver) attendee.outbox.error(inReplyTo(this.#refusal(error, name), id));
      },
    );
  }

  /** The client wants the answer no more. One that was given already is no reason to complain. */
  cancel({ call }: CancelCommand): void {
    this.#running.get(call)?.abort(wireError("call/cancelled", "the caller gave the call up"));
  }

  /** @throws WireError `call/unknown`, `policy/denied`, or `call/too-many`. */
  offer({ name }: OfferCommand): void {
    const { contract, limits } = this.#attendee.services;
    const match = contract.matchCall(name);
    if (match?.definition.handledBy !== "client") {
      throw wireError("call/unknown", `the contract has no call ${name} for clients to handle`);
    }
    const refused = denial(this.#attendee, "call", askedOf(name, match));
    if (refused !== undefined) throw refused;
    if (this.#offers.size >= limits.callsMax) throw tooMany();
    this.#offers.set(name, match);
  }

  /** The principal has other roles, or the policy is another: what it may not offer any more is withdrawn. */
  judge(): void {
    for (const [name, match] of this.#offers) {
      if (denial(this.#attendee, "call", askedOf(name, match)) !== undefined) this.#offers.delete(name);
    }
  }

  /** The names of the calls that the client offers. */
  get offers(): Iterable<string> {
    return this.#offers.keys();
  }

  withdraw({ name }: WithdrawCommand): void {
    this.#offers.delete(name);
  }

  /** The client's answer to a call. One that nobody waits for any more is dropped. */
  answer(command: AnswerCommand): void {
    const request = this.#requests.get(command.call);
    if (request === undefined) return;
    if ("error" in command) request.reject(wireErrorFrom(command.error));
    else request.resolve(command.output);
  }

  /**
   * Have the client carry out a call that it offers; resolves with its output, which the contract has checked.
   *
   * Rejects with a WireError: `call/unknown`, `call/invalid`, `call/no-handler`, `call/refused` (with its `reason`),
   * `call/failed`, `call/deadline`, `call/cancelled`, `call/too-many`.
   */
  async request(name: string, input: unknown, { deadlineMs, signal }: RequestOptions = {}): Promise<unknown> {
    const { contract, limits } = this.#attendee.services;
    const match = contract.matchCall(name);
    if (match?.definition.handledBy !== "client") throw wireError("call/unknown", `clients handle no call ${name}`);
    const { definition } = match;
    const sent = await valid("call/invalid", definition.input, input);
    const mayOffer = this.#offers.has(name) && denial(this.#attendee, "call", askedOf(name, match)) === undefined;
    if (!mayOffer) throw wireError("call/no-handler", `the client does not offer ${name}`);
    if (this.#requests.size >= limits.callsMax) throw tooMany();
    if (signal?.aborted === true) throw wireError("call/cancelled", "the call was given up", { cause: signal.reason });
    const output = await this.#ask(name, sent, { deadlineMs: leastOf(definition.deadlineMs, deadlineMs), signal });
    return valid("call/failed", definition.output, output);
  }

  /** The session is over: handlers are told, and nobody waits for the client any more. */
  end(): void {
    for (const running of this.#running.values()) running.abort(wireError("call/cancelled", "the caller is gone"));
    for (const request of this.#requests.values()) {
      request.reject(wireError("call/failed", "the client is gone; whether the call had an effect is unknown"));
    }
    this.#offers.clear();
  }

  async #carryOut(
    { deadlineMs, id, input, name }: CallCommand,
    match: CallMatch,
    handler: CallHandler,
  ): Promise<unknown> {
    const { principal, services } = this.#attendee;
    const { definition, params } = match;
    const controller = new AbortController();
    const { signal } = controller;
    const limitMs = leastOf(definition.deadlineMs, deadlineMs);
    const givenUp = optionalDeferred<never>();
    signal.addEventListener("abort", () => givenUp.reject(signal.reason));
    const timer = services.clock.schedule(limitMs, () =>
      controller.abort(wireError("call/deadline", `the call took longer than ${limitMs} ms`)),
    );
    this.#running.set(id, controller);
    const work = async (): Promise<unknown> => {
      const value = await valid("call/invalid", definition.input, input);
      const context = { name, params, principal, signal, deadlineMs: limitMs, refuse, client: this.#client };
      const outcome = await handler(value, context);
      if (outcome instanceof Refusal) throw await this.#refusedWith(definition.refusal, outcome.reason);
      return valid("call/failed", definition.output, outcome);
    };
    try {
      return await Promise.race([work(), givenUp.promise]);
    } finally {
      timer.cancel();
      this.#running.delete(id);
    }
  }

  async #refusedWith(schema: StandardSchema | undefined, reason: unknown): Promise<WireError> {
    const told = schema === undefined ? String(reason) : await valid("call/failed", schema, reason);
    return wireError("call/refused", schema === undefined ? String(reason) : "the handler refused", { reason: told });
  }

  /** What a call ended with as the caller is told it. What is the handler's own fault is logged, and only there. */
  #refusal(error: unknown, name: string): WireError {
    if (error instanceof WireError && error.code !== "call/failed") return error;
    const { principal, services } = this.#attendee;
    const stack = error instanceof Error ? error.stack : undefined;
    services.logger.error("session/call-failed", {
      principal: principal.id,
      call: name,
      cause: causeText(error),
      stack,
    });
    return wireError("call/failed", "the handler failed; whether it had an effect is unknown", { cause: error });
  }

  async #ask(
    name: string,
    input: unknown,
    { deadlineMs, signal }: RequestOptions & { readonly deadlineMs: number },
  ): Promise<unknown> {
    const { outbox, services } = this.#attendee;
    const call = ++this.#lastRequest;
    const answer = optionalDeferred<unknown>();
    const giveUp = (error: WireError): void => {
      answer.reject(error);
      outbox.push({ push: "cancel", call });
    };
    const timer = services.clock.schedule(deadlineMs, () =>
      giveUp(wireError("call/deadline", `the client did not answer within ${deadlineMs} ms`)),
    );
    const onAbort = (): void => giveUp(wireError("call/cancelled", "the call was given up", { cause: signal?.reason }));
    signal?.addEventListener("abort", onAbort);
    this.#requests.set(call, answer);
    outbox.push({ push: "call", call, name, input, deadlineMs });
    try {
      return await answer.promise;
    } finally {
      timer.cancel();
      signal?.removeEventListener("abort", onAbort);
      this.#requests.delete(call);
    }
  }
}

function refuse(reason: unknown): Refusal {
  return new Refusal(reason);
}

function leastOf(own: number, asked: number | undefined): number {
  return Math.min(own, asked ?? own);
}

function tooMany(): WireError {
  return wireError("call/too-many", "as many calls are under way as may be", { retryAfterMs: 1_000 });
}

/** What the schema makes of a value. Rejects with the code where it does not fit. */
async function valid(code: WireErrorCode, schema: StandardSchema, value: unknown): Promise<unknown> {
  const validation = await validate(schema, value);
  if (validation.isValid) return validation.value;
  throw wireError(code, validation.problem);
}
