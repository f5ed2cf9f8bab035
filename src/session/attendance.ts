import { Access } from "../auth/access.js";
import type { Action } from "../auth/action.js";
import type { Principal } from "../auth/principal.js";
import { differences } from "../contract/fingerprint.js";
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
import { Memberships } from "./memberships.js";
import { Publishes, refusalOf } from "./publishes.js";
import type { Attendee } from "./services.js";
import { Subscriptions } from "./subscriptions.js";

/** What a client can ask for once it is known who it is. */
export type AttendanceCommand = Exclude<Command, HelloCommand | RefreshCommand>;

/** Something that a session may do. */
export interface Holding {
  readonly action: Action;
  readonly name: string;
}

export interface AttendanceOptions {
  /** What was refused before it was known who published it, and what will be. */
  readonly held: HeldMessages;
  /** Takes the refusal of a publish, with the command's id. */
  readonly onRefusal: (error: WireError) => void;
}

/** What a session has and does from when on it is known who its client is: the table of its commands. */
export class Attendance {
  readonly #attendee: Attendee & { principal: Principal };
  /** The principal as its credentials say. */
  #credentialed: Principal;
  readonly #onRefusal: (error: WireError) => void;
  readonly #subscriptions: Subscriptions;
  readonly #publishes: Publishes;
  /** These are made when they are needed: most sessions have none of it. */
  #memberships: Memberships | undefined;
  #calls: Calls | undefined;
  #follows: Follows | undefined;

  constructor(attendee: Omit<Attendee, "access">, { held, onRefusal }: AttendanceOptions) {
    const { principal, services } = attendee;
    const access = new Access(services.authority);
    this.#credentialed = principal;
    this.#attendee = { ...attendee, access, principal: services.authority.effective(principal) };
    this.#onRefusal = onRefusal;
    this.#subscriptions = new Subscriptions(this.#attendee);
    this.#publishes = new Publishes(this.#attendee, held);
  }

  /** With the roles that it has here. */
  get principal(): Principal {
    return this.#attendee.principal;
  }

  /** Another, by other credentials: call `judge` then. */
  set principal(principal: Principal) {
    this.#credentialed = principal;
    this.rolesChanged();
  }

  /** The server's own code gave the principal roles, or took them back. They count from now on: call `judge` then. */
  rolesChanged(): void {
    const { access, services } = this.#attendee;
    this.#attendee.principal = services.authority.effective(this.#credentialed);
    access.reconsider();
  }

  /** What it has that takes a permission, and what it was allowed of late. */
  get holdings(): Holding[] {
    const holding =
      (action: Action) =>
      (name: string): Holding => ({ action, name });
    const decided = Array.from(this.#attendee.access.decided).filter(({ decision }) => decision.isAllowed);
    return [
      ...Array.from(this.#subscriptions.channels, holding("subscribe")),
      ...Array.from(this.#memberships?.channels ?? [], holding("presence")),
      ...Array.from(this.#calls?.offers ?? [], holding("call")),
      ...decided.map(({ action, asked }) => ({ action, name: asked.name })),
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
        return (this.#follows ??= new Follows(this.#attendee)).follow(command);
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
    return (this.#calls ??= new Calls(this.#attendee));
  }

  #madeMemberships(): Memberships {
    return (this.#memberships ??= new Memberships(this.#attendee));
  }

  #done({ id }: Command): undefined {
    this.#attendee.outbox.ok<"leave">(id, {});
  }

  #compare({ id, parts }: CompareCommand): undefined {
    const { outbox, services } = this.#attendee;
    outbox.ok<"compare">(id, differences(parts, services.contract.parts));
  }

  /** Publish; the answer is not waited for. */
  #publish(command: PublishCommand | PublishAllCommand): undefined {
    const { isOver, outbox } = this.#attendee;
    const { id } = command;
    const refuse = (error: unknown): void => {
      if (!isOver()) this.#onRefusal(inReplyTo(refusalOf(error), id));
    };
    if (command.do === "publish") {
      this.#publishes.publish(command).then((ok) => {
        if (!isOver()) outbox.ok<"publish">(id, ok);
      }, refuse);
    } else {
      this.#publishes.publishAll(command).then((ok) => {
        if (!isOver()) outbox.ok<"publishAll">(id, ok);
      }, refuse);
    }
  }
}
