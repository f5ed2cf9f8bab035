import type { Clock, Timer } from "../kernel/clock.js";
import type { BusbarError } from "../kernel/errors.js";
import { comesBack } from "../wire/close-codes.js";
import { WireError, wireErrorFrom } from "../wire/errors.js";
import type { Command, Credentials, HelloOk, Push } from "../wire/messages.js";
import type { Encoder } from "./encoder.js";
import { clientError } from "./errors.js";
import type { BusSettings } from "./options.js";
import type { ClientSocket, SocketClose, SocketFactory } from "./ports.js";
import { RequestTable, type Outcome } from "./request-table.js";

/** Why a link is over, and whether another one may begin. */
export interface LinkEnd {
  readonly error: BusbarError;
  readonly comesBack: boolean;
  /** What the server asked for; it wins over the client's own delay. */
  readonly retryAfterMs: number | undefined;
}

export interface LinkListener {
  /** The server has answered `hello`. */
  linkReady(hello: HelloOk): void;
  linkPushed(push: Push): void;
  /** Something that belongs to no command went wrong; the link lives on. */
  linkReported(error: BusbarError): void;
  /** The link is over, and its requests are lost. Called once; nothing follows. */
  linkEnded(end: LinkEnd): void;
}

export interface LinkOptions {
  readonly url: string;
  readonly settings: BusSettings;
  readonly encoder: Encoder;
  readonly sockets: SocketFactory;
  readonly clock: Clock;
  readonly listener: LinkListener;
}

/** A command that is given its id when it is sent. */
export type CommandMaker<Do extends Command["do"]> = (id: number) => Command & { readonly do: Do };

/** One attempt to connect and the connection that comes of it: credentials, socket, `hello`, commands. */
export class Link {
  readonly #options: LinkOptions;
  readonly #requests = new RequestTable();
  #phase: "opening" | "ready" | "over" = "opening";
  #socket: ClientSocket | undefined;
  /** Ends an attempt that takes too long; on a link that is ready it looks for replies that do not come. */
  #timer: Timer | undefined;
  #retryAfterMs: number | undefined;

  constructor(options: LinkOptions) {
    this.#options = options;
    const { settings, clock } = options;
    this.#timer = clock.schedule(settings.attemptTimeoutMs, () =>
      this.#timeOut("the attempt to connect took too long"),
    );
    askForCredentials(settings.auth).then(
      (auth) => this.#open(auth),
      (cause: unknown) => {
        const error = clientError("auth/unavailable", { cause });
        this.#end({ error, comesBack: true, retryAfterMs: undefined });
      },
    );
  }

  get isReady(): boolean {
    return this.#phase === "ready";
  }

  /**
   * Send a command on a link that is ready.
   *
   * `onOutcome` is called once, in order with the pushes that come before and behind the reply.
   *
   * @throws BusbarError when the command cannot be encoded; then nothing was sent.
   */
  request<Do extends Command["do"]>(make: CommandMaker<Do>, onOutcome: (outcome: Outcome<Do>) => void): void {
    const { encoder, settings, clock } = this.#options;
    const command = make(this.#requests.nextId());
    const text = encoder.encode(command, settings.commandBytesMax);
    this.#requests.add(command, clock.now(), onOutcome);
    this.#timer ??= clock.schedule(settings.replyTimeoutMs, () => this.#lookForReplies());
    this.#socket?.send(text);
  }

  /** End the link from our side. Its requests are lost; the listener is told nothing more. */
  close(): void {
    if (this.#phase === "over") return;
    this.#phase = "over";
    this.#timer?.cancel();
    this.#socket?.close();
    this.#requests.loseAll();
  }

  #open(auth: Credentials | undefined): void {
    if (this.#phase === "over") return;
    const { sockets, url, encoder } = this.#options;
    this.#socket = sockets.open(url, encoder.subprotocol, {
      socketOpened: () => this.#greet(auth),
      messageReceived: (text) => this.#receive(text),
      socketClosed: (close) => this.#socketClosed(close),
    });
  }

  #greet(auth: Credentials | undefined): void {
    if (this.#phase === "over") return;
    this.request(
      (id) => (auth === undefined ? { id, do: "hello" } : { id, do: "hello", auth }),
      (outcome) => this.#greeted(outcome),
    );
  }

  #greeted(outcome: Outcome<"hello">): void {
    switch (outcome.kind) {
      case "ok":
        this.#timer?.cancel();
        this.#timer = undefined;
        this.#phase = "ready";
        return this.#options.listener.linkReady(outcome.ok);
      case "refused": {
        const { error } = outcome;
        return this.#end({ error, comesBack: error.retryable, retryAfterMs: error.retryAfterMs });
      }
      case "lost":
        return;
    }
  }

  #receive(text: string | undefined): void {
    if (this.#phase === "over") return;
    const message = this.#options.encoder.decode(text ?? "");
    if (message instanceof WireError) this.#options.listener.linkReported(message);
    else if ("push" in message) this.#receivePush(message);
    else if (!this.#requests.settle(message) && "error" in message) {
      this.#options.listener.linkReported(wireErrorFrom(message.error, message.re));
    }
  }

  #receivePush(push: Push | { readonly push: "unknown" }): void {
    if (push.push === "unknown") return;
    if (push.push === "goodbye") this.#retryAfterMs = push.retryAfterMs;
    this.#options.listener.linkPushed(push);
  }

  #lookForReplies(): void {
    this.#timer = undefined;
    const oldestSentAtMs = this.#requests.oldestSentAtMs;
    if (oldestSentAtMs === undefined) return;
    const { clock, settings } = this.#options;
    const leftMs = oldestSentAtMs + settings.replyTimeoutMs - clock.now();
    if (leftMs > 0) this.#timer = clock.schedule(leftMs, () => this.#lookForReplies());
    else this.#timeOut("the server left a command unanswered");
  }

  #timeOut(message: string): void {
    this.#end({ error: clientError("connection/timeout", { message }), comesBack: true, retryAfterMs: undefined });
  }

  #socketClosed({ code, reason }: SocketClose): void {
    const said = reason === "" ? `${code}` : `${code}, ${reason}`;
    const isPassing = comesBack(code);
    const error = isPassing
      ? clientError("connection/lost", { message: `the connection was cut (${said})` })
      : clientError("connection/ended", { message: `the server ended the connection (${said})` });
    this.#end({ error, comesBack: isPassing, retryAfterMs: this.#retryAfterMs });
  }

  #end(end: LinkEnd): void {
    if (this.#phase === "over") return;
    this.close();
    this.#options.listener.linkEnded(end);
  }
}

/** What throws at once fails like what rejects later. */
async function askForCredentials(auth: BusSettings["auth"]): Promise<Credentials | undefined> {
  return auth?.();
}
