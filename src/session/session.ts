import type { AuthenticationRequest } from "../auth/authenticator.js";
import type { Principal } from "../auth/principal.js";
import { BoundedQueue } from "../kernel/bounded-queue.js";
import { causeText } from "../kernel/cause-text.js";
import type { Timer } from "../kernel/clock.js";
import type { LogFields } from "../kernel/logger.js";
import { randomHex } from "../kernel/random-hex.js";
import { closeKinds, type CloseKind } from "../wire/close-codes.js";
import { decodeCommand } from "../wire/command-codec.js";
import { wireError, WireError } from "../wire/errors.js";
import type { Command, HelloCommand, PublishCommand } from "../wire/messages.js";
import { Allowance } from "./allowance.js";
import type { Link } from "./link.js";
import { Memberships } from "./memberships.js";
import { Outbox } from "./outbox.js";
import { permit } from "./permission.js";
import type { SessionServices } from "./services.js";
import { Subscriptions } from "./subscriptions.js";

export interface SessionOptions {
  readonly link: Link;
  /** The request that the link began with. */
  readonly request: AuthenticationRequest;
  /** Who authenticated with that request; undefined where nobody did. */
  readonly principal: Principal | undefined;
}

type State = { readonly name: "greeting" } | Attendance | { readonly name: "over" };

/** It is known who the client is. */
interface Attendance {
  readonly name: "open";
  readonly principal: Principal;
  readonly subscriptions: Subscriptions;
  readonly memberships: Memberships;
}

/** Timers are set for no longer than a day, which every clock can count. */
const timerMsMax = 86_400_000;

/**
 * One client on the server: reads its commands, checks what it may do, answers, and gives everything back at the end.
 *
 * Whoever owns the link calls `receive` for each message, `drained` when nothing is buffered any more, and `closed` when
 * the link is gone. Commands are carried out in their order, one after the other; what is published is only handed to
 * the pipeline in that order.
 */
export class Session {
  /** Names the session in logs and to its own client. */
  readonly id: string;
  readonly #services: SessionServices;
  readonly #options: SessionOptions;
  readonly #outbox: Outbox;
  readonly #allowance: Allowance;
  /** Commands that wait until the one before them is done. */
  readonly #inbox: BoundedQueue<Command>;
  #isWorking = false;
  #state: State = { name: "greeting" };
  /** Until `hello` the time for it, then the principal's. */
  #timer: Timer;

  constructor(services: SessionServices, options: SessionOptions) {
    const { clock, limits, pushes, random } = services;
    this.id = randomHex(random, 16);
    this.#services = services;
    this.#options = options;
    this.#outbox = new Outbox({
      link: options.link,
      pushes,
      bytesMax: limits.outboxBytesMax,
      onOverflow: () => this.#close(closeKinds.overload),
    });
    this.#allowance = new Allowance(limits, clock);
    this.#inbox = new BoundedQueue(limits.commandsWaitingMax);
    this.#timer = clock.schedule(limits.helloTimeoutMs, () => this.#close(closeKinds.noHello));
  }

  /** Take a message from the link: a command, if it is well-formed. */
  receive(data: string | Uint8Array): void {
    if (this.#isOver) return;
    if (typeof data !== "string")
      return this.#refuse(wireError("wire/not-json", "a command is a text message, not bytes"));
    const command = decodeCommand(data);
    if (command instanceof WireError) return this.#refuse(command);
    const retryAfterMs = this.#allowance.takeCommand(data.length);
    if (retryAfterMs > 0)
      return this.#refuse(wireError("limit/rate", "too many commands a second", { retryAfterMs }), command);
    if (this.#isWorking) this.#putOff(command);
    else this.#begin(command);
  }

  /** Everything that was sent has left. */
  drained(): void {
    if (this.#state.name === "open") this.#state.subscriptions.drained();
  }

  /** The link is gone. */
  closed(): void {
    this.#end("the connection ended");
  }

  /** Tell the client when to come back, and close: the server stops. */
  goodbye(retryAfterMs: number): void {
    if (this.#isOver) return;
    this.#outbox.push({ push: "goodbye", retryAfterMs });
    this.#close(closeKinds.restart);
  }

  get #isOver(): boolean {
    return this.#state.name === "over";
  }

  #putOff(command: Command): void {
    if (!this.#inbox.push(command))
      this.#refuse(wireError("limit/rate", "too many commands wait", { retryAfterMs: 1000 }), command);
  }

  /** Carry out a command. What it throws or rejects with is its refusal. */
  #begin(command: Command): void {
    try {
      const work = this.#dispatch(command);
      if (work === undefined) return;
      this.#isWorking = true;
      work.then(
        () => this.#goOn(),
        (error: unknown) => {
          this.#failed(error, command);
          this.#goOn();
        },
      );
    } catch (error) {
      this.#failed(error, command);
    }
  }

  /** The command that was waited for is done: carry out those that came meanwhile. */
  #goOn(): void {
    this.#isWorking = false;
    while (!this.#isWorking) {
      const command = this.#inbox.shift();
      if (command === undefined) return;
      this.#begin(command);
    }
  }

  /** Undefined when the command was carried out at once. */
  #dispatch(command: Command): Promise<void> | undefined {
    const state = this.#state;
    if (command.do === "hello") return this.#hello(command);
    if (state.name !== "open") throw wireError("wire/hello-first", "the first command is hello");
    switch (command.do) {
      case "subscribe":
        return state.subscriptions.subscribe(command);
      case "unsubscribe":
        state.subscriptions.unsubscribe(command.channel);
        return this.#done(command);
      case "publish":
        return this.#publish(command, state.principal);
      case "join":
        return state.memberships.join(command);
      case "leave":
        state.memberships.leave(command.channel);
        return this.#done(command);
    }
  }

  #done({ id }: Command): undefined {
    this.#outbox.ok<"leave" | "unsubscribe">(id, {});
  }

  /** Hand a message to the pipeline, which logs what it refuses. Its answer is not waited for. */
  #publish(command: PublishCommand, principal: Principal): undefined {
    const { contract, pipeline } = this.#services;
    const { channel, data, id } = command;
    const match = permit({ contract, principal }, channel, "publish");
    pipeline.publish({ channel, match, data, principal }).then(
      (ok) => {
        if (!this.#isOver) this.#outbox.ok<"publish">(id, ok);
      },
      (error: unknown) => {
        if (!this.#isOver) this.#answerRefusal(asWireError(error).inReplyTo(id));
      },
    );
  }

  async #hello({ auth, id }: HelloCommand): Promise<void> {
    if (this.#state.name !== "greeting") throw wireError("wire/hello-first", "hello came twice");
    const { authenticate, clock, random } = this.#services;
    const { principal: known, request } = this.#options;
    const principal = auth === undefined ? known : await authenticate({ ...request, credentials: auth });
    if (this.#isOver) return;
    if (principal === undefined || (principal.expiresAtMs ?? Infinity) <= clock.wallTimeMs()) {
      this.#refuse(wireError("auth/refused", closeKinds.refused.reason, { re: id }));
      return this.#close(closeKinds.refused);
    }
    this.#timer.cancel();
    const attendee = { services: this.#services, principal, outbox: this.#outbox, isOver: () => this.#isOver };
    const memberships = new Memberships(attendee, randomHex(random, 8));
    this.#state = { name: "open", principal, subscriptions: new Subscriptions(attendee), memberships };
    this.#services.logger.info("session/open", this.#who);
    this.#watchExpiry(principal);
    this.#outbox.ok<"hello">(id, { session: this.id, principal: { id: principal.id, roles: principal.roles } });
  }

  #watchExpiry(principal: Principal): void {
    const { clock } = this.#services;
    if (principal.expiresAtMs === undefined) return;
    const leftMs = principal.expiresAtMs - clock.wallTimeMs();
    if (leftMs <= 0) return this.#close(closeKinds.credentialsExpired);
    this.#timer = clock.schedule(Math.min(leftMs, timerMsMax), () => this.#watchExpiry(principal));
  }

  /** A command failed: refused, or by a defect, of which only the log has the details. */
  #failed(error: unknown, command: Command): void {
    if (this.#isOver) return;
    if (error instanceof WireError) return this.#refuse(error, command);
    const fields = { ...this.#who, command: command.do, cause: causeText(error) };
    this.#services.logger.error("session/failed", error instanceof Error ? { ...fields, stack: error.stack } : fields);
    this.#answerRefusal(internalError(error).inReplyTo(command.id));
    if (command.do === "hello") this.#close(closeKinds.internalError);
  }

  /** Say no, and log who wanted what and why not. */
  #refuse(error: WireError, command?: Command): void {
    const { code, message } = error;
    const what: LogFields = {
      command: command?.do,
      channel: command && "channel" in command ? command.channel : undefined,
    };
    this.#services.logger.warn("session/refused", { ...this.#who, ...what, code, message });
    this.#answerRefusal(command === undefined ? error : error.inReplyTo(command.id));
  }

  /** A client that goes on asking for what it does not get is sent away; what the server could not do does not count. */
  #answerRefusal(error: WireError): void {
    this.#outbox.error(error);
    const isClientsFault = !error.retryable || error.code === "limit/rate";
    if (isClientsFault && !this.#allowance.takeRefusal()) this.#close(closeKinds.tooManyRefusals);
  }

  #close(kind: CloseKind): void {
    if (this.#isOver) return;
    this.#end(kind.reason);
    this.#options.link.close(kind.code, kind.reason);
  }

  #end(reason: string): void {
    const state = this.#state;
    if (state.name === "over") return;
    this.#services.logger.info("session/over", { ...this.#who, reason });
    this.#state = { name: "over" };
    this.#timer.cancel();
    this.#inbox.clear();
    if (state.name !== "open") return;
    state.subscriptions.end();
    state.memberships.end();
  }

  get #who(): LogFields {
    const state = this.#state;
    const principal = state.name === "open" ? state.principal.id : undefined;
    return { session: this.id, principal, address: this.#options.request.remoteAddress };
  }
}

function asWireError(error: unknown): WireError {
  return error instanceof WireError ? error : internalError(error);
}

function internalError(cause: unknown): WireError {
  return wireError("server/internal", "a defect in the server; its log has the details", { cause });
}
