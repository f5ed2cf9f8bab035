import type { AdmittedEvent, EndedEvent } from "../auth/audit-event.js";
import type { Principal } from "../auth/principal.js";
import { BoundedQueue } from "../kernel/bounded-queue.js";
import { causeText } from "../kernel/cause-text.js";
import type { LogFields } from "../kernel/logger.js";
import { randomHex } from "../kernel/random-hex.js";
import { closeKinds, comesBack, type CloseKind } from "../wire/close-codes.js";
import { decodeCommand } from "../wire/command-codec.js";
import { inReplyTo, messageForLog, wireError, WireError } from "../wire/errors.js";
import type { Command, HelloCommand, RefreshCommand } from "../wire/messages.js";
import { Admission, type AdmissionOptions, type AdmissionOwner } from "./admission.js";
import { Allowance } from "./allowance.js";
import { Attendance, type AttendanceOwner, type Holding } from "./attendance.js";
import type { RequestOptions } from "./call-handler.js";
import { requireChannelNames } from "./channel-names.js";
import { HeldMessages } from "./held-messages.js";
import { identityOf } from "./identity.js";
import type { Link } from "./link.js";
import { Outbox, type OutboxOwner } from "./outbox.js";
import { refusalOf } from "./publishes.js";
import type { SessionServices } from "./services.js";

export interface SessionOptions extends AdmissionOptions {
  readonly link: Link;
}

type State =
  | { readonly name: "greeting" }
  | { readonly name: "open"; readonly attendance: Attendance }
  | { readonly name: "over" };

/** Close codes of a client that is gone for good; any other end may be a cut. */
const leavingCodes: ReadonlySet<number | undefined> = new Set([1000, 1001]);

/** The ends that the audit trail tells of. */
const causes: ReadonlyMap<CloseKind, EndedEvent["why"]> = new Map([
  [closeKinds.credentialsExpired, "expired"],
  [closeKinds.revoked, "revoked"],
  [closeKinds.loggedOut, "logged-out"],
  [closeKinds.changed, "changed"],
]);

/** Why a client is dismissed: it was revoked, has logged out, or what is known of it has changed. */
export type Dismissal = "revoked" | "logged-out" | "changed";

const dismissals: Readonly<Record<Dismissal, CloseKind>> = {
  revoked: closeKinds.revoked,
  "logged-out": closeKinds.loggedOut,
  changed: closeKinds.changed,
};

/**
 * One client on the server: reads its commands, checks what it may do, answers, and gives everything back at the end.
 *
 * Whoever owns the link calls `receive` for each message, `drained` when nothing is buffered any more, and `closed` when
 * the link is gone. Commands are carried out in their order, one after the other; what is published is only handed to
 * the pipeline in that order.
 */
export class Session implements AdmissionOwner, AttendanceOwner, OutboxOwner {
  readonly held: HeldMessages = new HeldMessages();
  readonly outbox: Outbox;
  /** Names the session in logs and to its own client. It changes when the client says which one it is. */
  #id: string;
  readonly #services: SessionServices;
  readonly #options: SessionOptions;
  readonly #allowance: Allowance;
  /** Commands that wait until the one before them is done. */
  #inbox: BoundedQueue<Command> | undefined;
  #isWorking = false;
  #state: State = { name: "greeting" };
  readonly #admission: Admission;

  constructor(services: SessionServices, options: SessionOptions) {
    const { clock, limits, random } = services;
    this.#id = randomHex(random, 16);
    this.#services = services;
    this.#options = options;
    this.outbox = new Outbox(services, options.link, this);
    this.#allowance = new Allowance(limits, clock);
    this.#admission = new Admission(services, options, this);
  }

  get id(): string {
    return this.#id;
  }

  /** Who it is; undefined before that is known and after the end. */
  get principal(): Principal | undefined {
    return this.#state.name === "open" ? this.#state.attendance.principal : undefined;
  }

  /** Have the client carry out a call that it offers. Rejects with a WireError. */
  request(name: string, input: unknown, options: RequestOptions = {}): Promise<unknown> {
    if (this.#state.name === "open") return this.#state.attendance.request(name, input, options);
    return Promise.reject(wireError("call/no-handler", "the client is not there"));
  }

  /** Take a message from the link: a command, if it is well-formed. */
  receive(data: string | Uint8Array): void {
    if (this.isOver) return;
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
    if (this.#state.name === "open") this.#state.attendance.drained();
  }

  /** The link is gone; `code` is that of the peer's close frame, where there was one. */
  closed(code?: number): void {
    this.#end("the connection ended", leavingCodes.has(code) ? "leave" : "lapse");
  }

  /** Another connection of the same client took over. */
  replaced(): void {
    this.close(closeKinds.replaced);
  }

  /** Whom the handshake recognised, as long as that can be who it is. */
  get expected(): Principal | undefined {
    return this.#state.name === "greeting" ? this.#options.principal : undefined;
  }

  /** What the client was let in with does not hold any more. */
  dismissed(why: Dismissal): void {
    this.close(dismissals[why]);
  }

  /** The server's own code gave its principal roles, or took them back. They count from now on: call `judge` then. */
  rolesChanged(): void {
    if (this.#state.name === "open") this.#state.attendance.rolesChanged();
  }

  /** Policy or roles have changed: what is not allowed any more ends, and the client is told. */
  judge(): void {
    if (this.#state.name === "open") this.#state.attendance.judge();
  }

  /** What the client has that takes a permission, and what it was allowed of late. */
  get holdings(): readonly Holding[] {
    return this.#state.name === "open" ? this.#state.attendance.holdings : [];
  }

  /** Tell the client when to come back, and close: the server stops. */
  goodbye(retryAfterMs: number): void {
    if (this.isOver) return;
    this.outbox.push({ push: "goodbye", retryAfterMs });
    this.close(closeKinds.restart);
  }

  get isOver(): boolean {
    return this.#state.name === "over";
  }

  outboxOverflowed(): void {
    this.close(closeKinds.overload);
  }

  /** A client that goes on asking for what it does not get is sent away; what the server could not do does not count. */
  answerRefusal(error: WireError): void {
    this.outbox.error(error);
    const isClientsFault = !error.retryable || error.code === "limit/rate";
    if (isClientsFault && !this.#allowance.takeRefusal()) this.close(closeKinds.tooManyRefusals);
  }

  /** End the session and its link. */
  close(kind: CloseKind): void {
    if (this.isOver) return;
    const why = causes.get(kind);
    if (why !== undefined) this.#audit({ kind: "ended", why });
    const mayComeBack = comesBack(kind.code) || kind === closeKinds.replaced;
    this.#end(kind.reason, mayComeBack ? "lapse" : "leave");
    this.#options.link.close(kind.code, kind.reason);
  }

  #putOff(command: Command): void {
    this.#inbox ??= new BoundedQueue(this.#services.limits.commandsWaitingMax);
    if (!this.#inbox.push(command)) this.#putOffClient(command, "too many commands wait", 1000);
  }

  #putOffClient(command: Command, message: string, retryAfterMs: number): void {
    const error = wireError("limit/rate", message, { retryAfterMs });
    if (command.do === "publish" || command.do === "publishAll") this.held.refused(command, error);
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
      const command = this.#inbox?.shift();
      if (command === undefined) break;
      this.#begin(command);
    }
    // Nobody waits any more: a client subscribes once, and is quiet for hours.
    if (this.#inbox?.length === 0) this.#inbox = undefined;
  }

  /** Undefined when the command was carried out at once. */
  #dispatch(command: Command): Promise<void> | undefined {
    const state = this.#state;
    if (command.do === "hello") return this.#hello(command);
    if (state.name !== "open") throw wireError("wire/hello-first", "the first command is hello");
    requireChannelNames(command, this.#services.limits.channelNameBytesMax);
    if (command.do === "refresh") return this.#refresh(command, state.attendance);
    return state.attendance.carryOut(command);
  }

  async #hello(command: HelloCommand): Promise<void> {
    if (this.#state.name !== "greeting") throw wireError("wire/hello-first", "hello came twice");
    const { auth, id } = command;
    const { fingerprint } = this.#services.contract;
    const principal = await this.#admission.identify(auth);
    if (this.isOver) return;
    if (principal === undefined) {
      this.#refuse(wireError("auth/refused", closeKinds.refused.reason, { re: id }));
      return this.close(closeKinds.refused);
    }
    const { roles } = this.#attend(principal, command.client);
    this.#admission.hold(principal);
    const isDifferent = (command.contract ?? fingerprint) !== fingerprint;
    this.outbox.ok<"hello">(id, {
      session: this.#id,
      principal: { id: principal.id, roles },
      ...this.#admission.expiryOf(principal),
      ...(isDifferent && { contract: "differs" }),
    });
  }

  /** Returns who it is, with the roles that it has here. */
  #attend(principal: Principal, client: string | undefined): Principal {
    const services = this.#services;
    const { member, producer, session } = identityOf(client, principal.id, services.random);
    this.#id = session;
    const attendance = new Attendance(services, this, { principal, session, member, producer });
    this.#state = { name: "open", attendance };
    services.registry.enter(session, this);
    services.logger.info("session/open", this.#who());
    this.#audit({ kind: "admitted" });
    return attendance.principal;
  }

  /** Take fresh credentials of the same principal; what its roles do not allow any more ends. */
  async #refresh({ auth, id }: RefreshCommand, attendance: Attendance): Promise<void> {
    const principal = await this.#admission.renew(auth, attendance.principal);
    if (this.isOver) return;
    attendance.principal = principal;
    this.#admission.hold(principal);
    this.outbox.ok<"refresh">(id, this.#admission.expiryOf(principal));
    attendance.judge();
    this.#audit({ kind: "refreshed" });
  }

  #audit(event: Pick<AdmittedEvent, "kind"> | Pick<EndedEvent, "kind" | "why">): void {
    const { principal } = this;
    const { remoteAddress: address } = this.#options.request;
    if (principal === undefined) return;
    this.#services.audit({ ...event, principal: principal.id, session: this.#id, address });
  }

  /** A command failed: refused, or by a defect, of which only the log has the details. */
  #failed(error: unknown, command: Command): void {
    if (this.isOver) return;
    if (error instanceof WireError) return this.#refuse(error, command);
    const fields = { ...this.#who(), command: command.do, cause: causeText(error) };
    this.#services.logger.error("session/failed", error instanceof Error ? { ...fields, stack: error.stack } : fields);
    this.answerRefusal(inReplyTo(refusalOf(error), command.id));
    if (command.do === "hello") this.close(closeKinds.internalError);
  }

  /** Say no, and log who wanted what and why not. */
  #refuse(error: WireError, command?: Command): void {
    const { cause, code } = error;
    const channel = command && "channel" in command ? command.channel : undefined;
    const fields = { ...this.#who(), command: command?.do, channel, code, message: messageForLog(error) };
    const why = cause === undefined ? fields : { ...fields, cause: causeText(cause) };
    this.#services.logger.warn("session/refused", why);
    this.answerRefusal(command === undefined ? error : inReplyTo(error, command.id));
  }

  #end(reason: string, how: "leave" | "lapse"): void {
    const state = this.#state;
    if (state.name === "over") return;
    this.#services.logger.info("session/over", { ...this.#who(), reason });
    this.#state = { name: "over" };
    this.#admission.end();
    this.#inbox = undefined;
    if (state.name !== "open") return;
    this.#services.registry.leave(this.#id, this);
    state.attendance.end(how);
  }

  #who(): LogFields {
    const state = this.#state;
    const principal = state.name === "open" ? state.attendance.principal.id : undefined;
    return { session: this.#id, principal, address: this.#options.request.remoteAddress };
  }
}
