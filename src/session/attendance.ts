import { Access } from "../auth/access.js";
import type { Action } from "../auth/action.js";
import type { Principal } from "../auth/principal.js";
import { differences } from "../contract/fingerprint.js";
import type { CloseKind } from "../wire/close-codes.js";
import { inReplyTo, type WireError } from "../wire/errors.js";
import type {
  Command,
  CompareCommand,
  HelloCommand,
  PublishAllCommand,
  PublishCommand,
  RefreshCommand,
} from "../wire/messages.js";
import type { RequestOptions } from "./call-handler.js";
import { Calls } from "./calls.js";
import { Follows } from "./follows.js";
import type { HeldMessages } from "./held-messages.js";
import type { Identity } from "./identity.js";
import { Memberships } from "./memberships.js";
import type { Outbox } from "./outbox.js";
import { Publishes, refusalOf } from "./publishes.js";
import type { Attendee, SessionServices } from "./services.js";
import { Subscriptions } from "./subscriptions.js";

/** What a client can ask for once it is known who it is. */
export type AttendanceCommand = Exclude<Command, HelloCommand | RefreshCommand>;

/** Something that a session may do. */
export interface Holding {
  readonly action: Action;
  readonly name: string;
}

/** Whose attendance it is. An object, and no functions of each one's own: there are as many as there are clients. */
export interface AttendanceOwner {
  readonly isOver: boolean;
  /** What was refused before it was known who published it, and what will be. */
  readonly held: HeldMessages;
  readonly outbox: Outbox;
  close(kind: CloseKind): void;
  /** Answer a command that was refused; `error` has its id. */
  answerRefusal(error: WireError): void;
}

/** What a session has and does from when on it is known who its client is: the table of its commands. */
export class Attendance implements Attendee {
  readonly services: SessionServices;
  readonly access: Access;
  readonly session: string;
  readonly member: string;
  readonly producer: string | undefined;
  readonly #owner: AttendanceOwner;
  /** The principal as its credentials say. */
  #credentialed: Principal;
  #principal: Principal;
  readonly #subscriptions: Subscriptions;
  /** These are made when they are needed: most sessions have none of it. */
  #publishes: Publishes | undefined;
  #memberships: Memberships | undefined;
  #calls: Calls | undefined;
  #follows: Follows | undefined;

  constructor(
    services: SessionServices,
    owner: AttendanceOwner,
    { member, principal, producer, session }: Identity & { readonly principal: Principal },
  ) {
    this.services = services;
    this.access = new Access(services.authority);
    this.session = session;
    this.member = member;
    this.producer = producer;
    this.#owner = owner;
    this.#credentialed = principal;
    this.#principal = services.authority.effective(principal);
    this.#subscriptions = new Subscriptions(this);
  }

  /** With the roles that it has here. */
  get principal(): Principal {
    return this.#principal;
  }

  /** Another, by other credentials: call `judge` then. */
  set principal(principal: Principal) {
    this.#credentialed = principal;
    this.rolesChanged();
  }

  get outbox(): Outbox {
    return this.#owner.outbox;
  }

  get isOver(): boolean {
    return this.#owner.isOver;
  }

  close(kind: CloseKind): void {
    this.#owner.close(kind);
  }

  /** The server's own code gave the principal roles, or took them back. They count from now on: call `judge` then. */
  rolesChanged(): void {
    this.#principal = this.services.authority.effective(this.#credentialed);
    this.access.reconsider();
  }

  /** What it has that takes a permission, and what it was allowed of late. */
  get holdings(): Holding[] {
    const holding =
      (action: Action) =>
      (name: string): Holding => ({ action, name });
    const decided = this.access.decided.filter(({ decision }) => decision.isAllowed);
    return [
      ...Array.from(this.#subscriptions.channels, holding("subscribe")),
      ...Array.from(this.#memberships?.channels ?? [], holding("presence")),
      ...Array.from(this.#calls?.offers ?? [], holding("call")),
      ...decided.map(({ action, name }) => ({ action, name })),
    ];
  }

  /** The principal has other roles, or the policy is another: what is not allowed any more ends. */
  judge(): void {
    this.#subscriptions.judge();
    this.#memberships?.judge();
    this.#calls?.judge();
  }

  /** Have the client carry out a call that it offers. Rejects with a WireError. */
  request(name: string, input: unknown, options: RequestOptions): Promise<unknown> {
    return this.#madeCalls().request(name, input, options);
  }

  /** Everything that was sent has left. */
  drained(): void {
    this.#subscriptions.drained();
  }

  /** Give everything back; presence at once, or after the time of a lease. */
  end(how: "leave" | "lapse"): void {
    this.#subscriptions.end();
    this.#memberships?.end(how);
    this.#calls?.end();
    this.#follows?.end();
  }

  /** Carry out a command; undefined when that was done at once. Throws or rejects with its refusal. */
  carryOut(command: AttendanceCommand): Promise<void> | undefined {
    switch (command.do) {
      case "compare":
        return this.#compare(command);
      case "ping":
        return this.#done(command);
      case "subscribe":
        return this.#subscriptions.subscribe(command);
      case "resume":
        return this.#subscriptions.resume(command);
      case "unsubscribe":
        this.#subscriptions.unsubscribe(command.channel);
        return this.#done(command);
      case "publish":
      case "publishAll":
        return this.#publish(command);
      case "follow":
        return (this.#follows ??= new Follows(this)).follow(command);
      case "join":
        return this.#madeMemberships().join(command);
      case "leave":
        this.#madeMemberships().leave(command.channel);
        return this.#done(command);
      case "call":
        return this.#madeCalls().call(command);
      case "cancel":
        this.#madeCalls().cancel(command);
        return this.#done(command);
      case "offer":
        this.#madeCalls().offer(command);
        return this.#done(command);
      case "withdraw":
        this.#madeCalls().withdraw(command);
        return this.#done(command);
      case "answer":
        this.#madeCalls().answer(command);
        return this.#done(command);
    }
  }

  #madeCalls(): Calls {
    return (this.#calls ??= new Calls(this));
  }

  #madeMemberships(): Memberships {
    return (this.#memberships ??= new Memberships(this));
  }

  #done({ id }: Command): undefined {
    this.outbox.ok<"leave">(id, {});
  }

  #compare({ id, parts }: CompareCommand): undefined {
    this.outbox.ok<"compare">(id, differences(parts, this.services.contract.parts));
  }

  /** Publish; the answer is not waited for. */
  #publish(command: PublishCommand | PublishAllCommand): undefined {
    const { id } = command;
    const publishes = (this.#publishes ??= new Publishes(this, this.#owner.held));
    const refuse = (error: unknown): void => {
      if (!this.isOver) this.#owner.answerRefusal(inReplyTo(refusalOf(error), id));
    };
    if (command.do === "publish") {
      publishes.publish(command).then((ok) => {
        if (!this.isOver) this.outbox.ok<"publish">(id, ok);
      }, refuse);
    } else {
      publishes.publishAll(command).then((ok) => {
        if (!this.isOver) this.outbox.ok<"publishAll">(id, ok);
      }, refuse);
    }
  }
}
