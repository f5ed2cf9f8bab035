import { WireError, wireErrorFrom } from "../wire/errors.js";
import type { Command, ErrorReply, OkOf, OkReply } from "../wire/messages.js";
import { decodeOk } from "../wire/server-message-codec.js";

/**
 * How a command ended. `lost`: the connection was cut before the reply, and nobody knows; but where `isUnheard` is true,
 * the server certainly has not carried it out.
 */
export type Outcome<Do extends Command["do"]> =
  | { readonly kind: "ok"; readonly ok: OkOf[Do] }
  | { readonly kind: "refused"; readonly error: WireError }
  | { readonly kind: "lost"; readonly isUnheard?: boolean };

/** A command that is given its id when it is sent. */
export type Question<Do extends Command["do"]> = WithoutId<Command> & { readonly do: Do };

type WithoutId<Any> = Any extends Command ? Omit<Any, "id"> : never;

interface Request {
  answer(reply: OkReply | ErrorReply): void;
  lose(isUnheard: boolean): void;
}

/** The commands of one connection that wait for their replies. */
export class RequestTable {
  /** By id, and so in the order of sending. */
  readonly #requests = new Map<number, Request>();
  #lastId = 0;

  nextId(): number {
    return ++this.#lastId;
  }

  /** `onOutcome` is called once, from `settle` or `loseAll`, so that what is received behind the reply comes later. */
  add<Do extends Command["do"]>(
    command: { readonly id: number; readonly do: Do },
    onOutcome: (outcome: Outcome<Do>) => void,
  ): void {
    this.#requests.set(command.id, {
      answer: (reply) => onOutcome(outcomeOf(command.do, reply)),
      lose: (isUnheard) => onOutcome(isUnheard ? { kind: "lost", isUnheard } : { kind: "lost" }),
    });
  }

  /** Hand a reply to its request; false when no request waits for it. */
  settle(reply: OkReply | ErrorReply): boolean {
    if (reply.re === undefined) return false;
    const request = this.#requests.get(reply.re);
    if (request === undefined) return false;
    this.#requests.delete(reply.re);
    request.answer(reply);
    return true;
  }

  /** The connection is gone: no reply will come any more. `isUnheard`: the server never listened to any of them. */
  loseAll(isUnheard = false): void {
    const requests = [...this.#requests.values()];
    this.#requests.clear();
    for (const request of requests) request.lose(isUnheard);
  }
}

function outcomeOf<Do extends Command["do"]>(name: Do, reply: OkReply | ErrorReply): Outcome<Do> {
  if ("error" in reply) return { kind: "refused", error: wireErrorFrom(reply.error, reply.re) };
  const ok = decodeOk(name, reply.ok);
  return ok instanceof WireError ? { kind: "refused", error: ok } : { kind: "ok", ok };
}
