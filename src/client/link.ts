import type { Timer } from "../kernel/clock.js";
import type { BusbarError } from "../kernel/errors.js";
import { comesBack } from "../wire/close-codes.js";
import { WireError, wireErrorFrom } from "../wire/errors.js";
import type { Command, Credentials, HelloCommand, HelloOk, Push } from "../wire/messages.js";
import { Backoff } from "./backoff.js";
import type { Encoder } from "./encoder.js";
import { clientError, clientErrors } from "./errors.js";
import type { BusSettings } from "./options.js";
import type { ClientPorts, ClientSocket, SocketClose } from "./ports.js";
import { Pulse } from "./pulse.js";
import { Renewal } from "./renewal.js";
import { RequestTable, type Outcome, type Question } from "./request-table.js";

/** Why a link is over, and whether another one may begin. */
export interface LinkEnd {
  readonly error: BusbarError;
  readonly comesBack: boolean;
  /** What the server asked for; it wins over the client's own delay. */
  readonly retryAfterMs?: number | undefined;
}

/** What a connection hears of each of its links. */
export interface LinkNews {
  /** `hello` is on its way: what is sent in this turn leaves together with it. */
  connectionReady(): void;
  /** The server has answered `hello`. */
  connectionOpened(hello: HelloOk): void;
  pushReceived(push: Push): void;
  /** Something that belongs to no command went wrong; the link lives on. */
  errorReported(error: BusbarError): void;
}

export interface LinkListener extends LinkNews {
  /** The link is over, and its requests are lost. Called once; nothing follows. */
  linkEnded(end: LinkEnd): void;
}

export interface LinkOptions {
  readonly url: string;
  readonly settings: BusSettings;
  readonly encoder: Encoder;
  readonly ports: Pick<ClientPorts, "sockets" | "clock" | "random">;
  readonly listener: LinkListener;
  /** What `hello` says beside the credentials. */
  readonly introduction: Pick<HelloCommand, "client" | "contract">;
}

/** The code of a client that will be back: any but 1000 and 1001, which say goodbye (docs/protocol.md, close codes). */
export const comingBackCode = 4999;

/** One attempt to connect and the connection that comes of it: credentials, socket, `hello`, commands. */
export class Link {
  readonly #options: LinkOptions;
  readonly #requests = new RequestTable();
  readonly #pulse: Pulse;
  readonly #renewal: Renewal | undefined;
  readonly #attemptTimer: Timer;
  #phase: "opening" | "greeting" | "open" | "over" = "opening";
  #socket: ClientSocket | undefined;
  #retryAfterMs: number | undefined;

  constructor(options: LinkOptions) {
    this.#options = options;
    const { settings, ports } = options;
    const { clock, random } = ports;
    const { auth, pingAfterMs, pongTimeoutMs } = settings;
    this.#attemptTimer = clock.schedule(settings.attemptTimeoutMs, () => this.#timeOut());
    this.#pulse = new Pulse({
      clock,
      pingAfterMs,
      pongTimeoutMs,
      ping: () => this.request({ do: "ping" }, () => {}),
      onDead: () => this.#timeOut(),
    });
    this.#renewal =
      auth &&
      new Renewal({
        clock,
        auth,
        backoff: new Backoff(settings, random),
        request: (question, onOutcome) => this.request(question, onOutcome),
        onError: (error) => this.#options.listener.errorReported(error),
      });
    askForCredentials(settings.auth).then(
      (auth) => this.#open(auth),
      (cause: unknown) => {
        const error = clientError("auth/unavailable", { cause });
        this.#end({ error, comesBack: true });
      },
    );
  }

  get isReady(): boolean {
    return this.#phase === "greeting" || this.#phase === "open";
  }

  /**
   * Send a command on a link that is ready. Returns its id.
   *
   * `onOutcome` is called once, in order with the pushes that come before and behind the reply.
   *
   * @throws BusbarError when the command cannot be encoded; then nothing was sent.
   */
  request<Do extends Command["do"]>(question: Question<Do>, onOutcome: (outcome: Outcome<Do>) => void): number {
    const { encoder, settings } = this.#options;
    const id = this.#requests.nextId();
    const text = encoder.encode({ id, ...question }, settings.commandBytesMax);
    this.#requests.add({ id, ...question }, onOutcome);
    this.#socket?.send(text);
    return id;
  }

  /** Something happened that connections often do not survive: see whether this one has. */
  check(): void {
    if (this.#phase === "open") this.#pulse.check();
  }

  /** End the link from our side. Its requests are lost; the listener is told nothing more. */
  close(code: number): void {
    this.#close(code, false);
  }

  #open(auth: Credentials | undefined): void {
    if (this.#phase === "over") return;
    const { ports, url, encoder } = this.#options;
    this.#socket = ports.sockets.open(url, encoder.subprotocol, {
      socketOpened: () => this.#greet(auth),
      messageReceived: (text) => this.#receive(text),
      socketClosed: (close) => this.#socketClosed(close),
    });
  }

  #greet(auth: Credentials | undefined): void {
    if (this.#phase === "over") return;
    const { introduction, listener } = this.#options;
    this.#phase = "greeting";
    this.request({ do: "hello", ...introduction, ...(auth !== undefined && { auth }) }, (outcome) =>
      this.#greeted(outcome),
    );
    listener.connectionReady();
  }

  #greeted(outcome: Outcome<"hello">): void {
    switch (outcome.kind) {
      case "ok":
        this.#attemptTimer.cancel();
        this.#phase = "open";
        this.#pulse.start();
        this.#renewal?.holdFor(outcome.ok.expiresInMs);
        return this.#options.listener.connectionOpened(outcome.ok);
      case "refused": {
        const { error } = outcome;
        return this.#end({ error, comesBack: error.retryable, retryAfterMs: error.retryAfterMs }, true);
      }
      case "lost":
        return;
    }
  }

  #receive(text: string | undefined): void {
    if (this.#phase === "over") return;
    this.#pulse.heard();
    const message = this.#options.encoder.decode(text ?? "");
    if (message instanceof WireError) this.#options.listener.errorReported(message);
    else if ("push" in message) this.#receivePush(message);
    else if (!this.#requests.settle(message) && "error" in message) {
      this.#options.listener.errorReported(wireErrorFrom(message.error, message.re));
    }
  }

  #receivePush(push: Push | { readonly push: "unknown" }): void {
    if (push.push === "unknown") return;
    if (push.push === "goodbye") this.#retryAfterMs = push.retryAfterMs;
    this.#options.listener.pushReceived(push);
  }

  #timeOut(): void {
    this.#end({ error: clientError("connection/timeout"), comesBack: true });
  }

  #socketClosed({ code, reason, retryAfterMs = this.#retryAfterMs }: SocketClose): void {
    const said = reason === "" ? `${code}` : `${code}, ${reason}`;
    const isPassing = comesBack(code);
    const errorCode = isPassing ? "connection/lost" : "connection/ended";
    const error = clientError(errorCode, { message: `${clientErrors[errorCode].message} (${said})` });
    this.#end({ error, comesBack: isPassing, retryAfterMs });
  }

  #end(end: LinkEnd, isUnheard = false): void {
    if (this.#phase === "over") return;
    this.#close(end.comesBack ? comingBackCode : 1000, isUnheard);
    this.#options.listener.linkEnded(end);
  }

  #close(code: number, isUnheard: boolean): void {
    if (this.#phase === "over") return;
    this.#phase = "over";
    this.#attemptTimer.cancel();
    this.#pulse.stop();
    this.#renewal?.stop();
    this.#socket?.close(code);
    this.#requests.loseAll(isUnheard);
  }
}

/** What throws at once fails like what rejects later. */
async function askForCredentials(auth: BusSettings["auth"]): Promise<Credentials | undefined> {
  return auth?.();
}
