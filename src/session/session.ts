import type { AuthenticationRequest } from "../auth/authenticator.js";
import type { Principal } from "../auth/principal.js";
import { BoundedQueue } from "../kernel/bounded-queue.js";
import { causeText } from "../kernel/cause-text.js";
import type { Timer } from "../kernel/clock.js";
import type { LogFields } from "../kernel/logger.js";
import { randomHex } from "../kernel/random-hex.js";
import { differences } from "../contract/fingerprint.js";
import { closeKinds, comesBack, type CloseKind } from "../wire/close-codes.js";
import { decodeCommand } from "../wire/command-codec.js";
import { wireError, WireError } from "../wire/errors.js";
import type {
  Command,
  CompareCommand,
  Credentials,
  HelloCommand,
  PublishAllCommand,
  PublishCommand,
  RefreshCommand,
} from "../wire/messages.js";
import { Allowance } from "./allowance.js";
import type { RequestOptions } from "./call-handler.js";
import { Calls } from "./calls.js";
import { Follows } from "./follows.js";
import { HeldMessages } from "./held-messages.js";
import { identityOf } from "./identity.js";
import type { Link } from "./link.js";
import { Memberships } from "./memberships.js";
import { Outbox } from "./outbox.js";
import { Publishes, refusalOf } from "./publishes.js";
import type { Attendee, SessionServices } from "./services.js";
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
  readonly attendee: Attendee & { principal: Principal };
  readonly subscriptions: Subscriptions;
  readonly memberships: Memberships;
  readonly publishes: Publishes;
  readonly calls: Calls;
  readonly follows: Follows;
}

/** Close codes of a client that is gone for good; any other end may be a cut. */
const leavingCodes: ReadonlySet<number | undefined> = new Set([1000, 1001]);

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
  /** Names the session in logs and to its own client. It changes when the client says which one it is. */
  #id: string;
  readonly #services: SessionServices;
  readonly #options: SessionOptions;
  readonly #outbox: Outbox;
  readonly #allowance: Allowance;
  /** Commands that wait until the one before them is done. */
  readonly #inbox: BoundedQueue<Command>;
  readonly #held = new HeldMessages();
  #isWorking = false;
  #state: State = { name: "greeting" };
  /** Until `hello` the time for it, then the principal's. */
  #timer: Timer;

  constructor(services: SessionServices, options: SessionOptions) {
    const { clock, limits, pushes, random } = services;
    this.#id = randomHex(random, 16);
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

  get id(): string {
    return this.#id;
  }

  /** Who it is; undefined before that is known and after the end. */
  get principal(): Principal | undefined {
    return this.#state.name === "open" ? this.#state.attendee.principal : undefined;
  }

  /** Have the client carry out a call that it offers. Rejects with a WireError. */
  request(name: string, input: unknown, options: RequestOptions = {}): Promise<unknown> {
    if (this.#state.name === "open") return this.#state.calls.request(name, input, options);
    return Promise.reject(wireError("call/no-handler", "the client is not there"));
  }

  /** Take a message from the link: a command, if it is well-formed. */
  receive(data: string | Uint8Array): void {
    if (this.#isOver) return;
    if (typeof data !== "string")
      return this.#refuse(wireError("wire/not-json", "a command is a text message, not bytes"));
    const command = decodeCommand(data);
    if (command instanceof WireError) return this.#refuse(command);
    const retryAfterMs = this.#allowance.takeCommand(data.length);
    if (retryAfterMs > 0) return this.#putOffClient(command, "too many commands a second", retryAfterMs);
    if (this.#isWorking) this.#putOff(command);
    else this.#begin(command);
  }

  /** Everything that was sent has left. */
  drained(): void {
    if (this.#state.name === "open") this.#state.subscriptions.drained();
  }

  /** The link is gone; `code` is that of the peer's close frame, where there was one. */
  closed(code?: number): void {
    this.#end("the connection ended", leavingCodes.has(code) ? "leave" : "lapse");
  }

  /** Another connection of the same client took over. */
  replaced(): void {
    this.#close(closeKinds.replaced);
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
    if (!this.#inbox.push(command)) this.#putOffClient(command, "too many commands wait", 1000);
  }

  #putOffClient(command: Command, message: string, retryAfterMs: number): void {
    const error = wireError("limit/rate", message, { retryAfterMs });
    if (command.do === "publish" || command.do === "publishAll") this.#held.refused(command, error);
    this.#refuse(error, command);
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
      case "refresh":
        return this.#refresh(command, state);
      case "compare":
        return this.#compare(command);
      case "ping":
        return this.#done(command);
      case "subscribe":
        return state.subscriptions.subscribe(command);
      case "resume":
        return state.subscriptions.resume(command);
      case "unsubscribe":
        state.subscriptions.unsubscribe(command.channel);
        return this.#done(command);
      case "publish":
      case "publishAll":
        return this.#publish(command, state.publishes);
      case "follow":
        return state.follows.follow(command);
      case "join":
        return state.memberships.join(command);
      case "leave":
        state.memberships.leave(command.channel);
        return this.#done(command);
      case "call":
        return state.calls.call(command);
      case "cancel":
        state.calls.cancel(command);
        return this.#done(command);
      case "offer":
        state.calls.offer(command);
        return this.#done(command);
      case "withdraw":
        state.calls.withdraw(command);
        return this.#done(command);
      case "answer":
        state.calls.answer(command);
        return this.#done(command);
    }
  }

  #done({ id }: Command): undefined {
    this.#outbox.ok<"leave">(id, {});
  }

  /** Publish; the answer is not waited for. */
  #publish(command: PublishCommand | PublishAllCommand, publishes: Publishes): undefined {
    const { id } = command;
    const answer: Promise<() => void> =
      command.do === "publish"
        ? publishes.publish(command).then((ok) => () => this.#outbox.ok<"publish">(id, ok))
        : publishes.publishAll(command).then((ok) => () => this.#outbox.ok<"publishAll">(id, ok));
    answer.then(
      (send) => {
        if (!this.#isOver) send();
      },
      (error: unknown) => {
        if (!this.#isOver) this.#answerRefusal(refusalOf(error).inReplyTo(id));
      },
    );
  }

  #compare({ id, parts }: CompareCommand): undefined {
    this.#outbox.ok<"compare">(id, differences(parts, this.#services.contract.parts));
  }

  async #hello(command: HelloCommand): Promise<void> {
    if (this.#state.name !== "greeting") throw wireError("wire/hello-first", "hello came twice");
    const { auth, id } = command;
    const principal = await this.#authenticate(auth);
    if (this.#isOver) return;
    if (principal === undefined) {
      this.#refuse(wireError("auth/refused", closeKinds.refused.reason, { re: id }));
      return this.#close(closeKinds.refused);
    }
    this.#timer.cancel();
    this.#attend(principal, command.client);
    this.#watchExpiry(principal);
    this.#outbox.ok<"hello">(id, {
      session: this.#id,
      principal: { id: principal.id, roles: principal.roles },
      ...this.#expiryOf(principal),
      ...(this.#isDifferent(command.contract) && { contract: "differs" }),
    });
  }

  #attend(principal: Principal, client: string | undefined): void {
    const services = this.#services;
    const { member, producer, session } = identityOf(client, services.random);
    const attendee = {
      services,
      principal,
      member,
      producer,
      outbox: this.#outbox,
      close: (kind: CloseKind) => this.#close(kind),
      isOver: () => this.#isOver,
    };
    this.#id = session;
    this.#state = {
      name: "open",
      attendee,
      subscriptions: new Subscriptions(attendee),
      memberships: new Memberships(attendee),
      publishes: new Publishes(attendee, this.#held),
      calls: new Calls(attendee),
      follows: new Follows(attendee),
    };
    services.registry.enter(session, this);
    services.logger.info("session/open", this.#who);
  }

  /** Who these credentials are, or the handshake's; undefined for nobody, and for somebody who has expired. */
  async #authenticate(auth: Credentials | undefined): Promise<Principal | undefined> {
    const { authenticate, clock } = this.#services;
    const { principal: known, request } = this.#options;
    const principal = auth === undefined ? known : await authenticate({ ...request, credentials: auth });
    const isExpired = (principal?.expiresAtMs ?? Infinity) <= clock.wallTimeMs();
    return isExpired ? undefined : principal;
  }

  /** Take fresh credentials of the same principal; what its roles do not allow any more ends. */
  async #refresh({ auth, id }: RefreshCommand, { attendee, memberships, subscriptions }: Attendance): Promise<void> {
    const principal = await this.#authenticate(auth);
    if (this.#isOver) return;
    if (principal === undefined) throw wireError("auth/refused", closeKinds.refused.reason);
    if (principal.id !== attendee.principal.id) {
      throw wireError("auth/other-principal", "a refresh cannot change who the client is");
    }
    this.#timer.cancel();
    attendee.principal = principal;
    this.#watchExpiry(principal);
    this.#outbox.ok<"refresh">(id, this.#expiryOf(principal));
    subscriptions.judge();
    memberships.judge();
  }

  #expiryOf({ expiresAtMs }: Principal): { readonly expiresInMs?: number } {
    if (expiresAtMs === undefined) return {};
    return { expiresInMs: Math.max(0, Math.floor(expiresAtMs - this.#services.clock.wallTimeMs())) };
  }

  #isDifferent(fingerprint: string | undefined): boolean {
    return fingerprint !== undefined && fingerprint !== this.#services.contract.fingerprint;
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
    this.#answerRefusal(refusalOf(error).inReplyTo(command.id));
    if (command.do === "hello") this.#close(closeKinds.internalError);
  }

  /** Say no, and log who wanted what and why not. */
  #refuse(error: WireError, command?: Command): void {
    const { cause, code, message } = error;
    const channel = command && "channel" in command ? command.channel : undefined;
    const fields = { ...this.#who, command: command?.do, channel, code, message };
    const why = cause === undefined ? fields : { ...fields, cause: causeText(cause) };
    this.#services.logger.warn("session/refused", why);
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
    const mayComeBack = comesBack(kind.code) || kind === closeKinds.replaced;
    this.#end(kind.reason, mayComeBack ? "lapse" : "leave");
    this.#options.link.close(kind.code, kind.reason);
  }

  #end(reason: string, how: "leave" | "lapse"): void {
    const state = this.#state;
    if (state.name === "over") return;
    this.#services.logger.info("session/over", { ...this.#who, reason });
    this.#state = { name: "over" };
    this.#timer.cancel();
    this.#inbox.clear();
    if (state.name !== "open") return;
    this.#services.registry.leave(this.#id, this);
    state.subscriptions.end();
    state.memberships.end(how);
    state.calls.end();
    state.follows.end();
  }

  get #who(): LogFields {
    const state = this.#state;
    const principal = state.name === "open" ? state.attendee.principal.id : undefined;
    return { session: this.#id, principal, address: this.#options.request.remoteAddress };
  }
}
