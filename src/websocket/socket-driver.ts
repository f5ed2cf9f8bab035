import type { Clock, Timer, Turns } from "../kernel/clock.js";
import { optionalDeferred, type Deferred } from "../kernel/deferred.js";
import { BusbarError } from "../kernel/errors.js";
import type { Logger } from "../kernel/logger.js";
import type { Random } from "../kernel/random.js";
import type { TextCodec } from "../kernel/text-codec.js";
import { closeCodes } from "../protocol/close-code.js";
import { Connection, type ConnectionEvent, type Inflation, type Role } from "../protocol/connection.js";
import type { DeflateParameters } from "../protocol/deflate-negotiation.js";
import type { ProtocolError } from "../protocol/errors.js";
import type { FrameWriter } from "../protocol/frame-writer.js";
import { Inbox } from "./inbox.js";
import { Keepalive } from "./keepalive.js";
import { Listeners } from "./listeners.js";
import { MessageDeflate } from "./message-deflate.js";
import { notSentError, Outbox } from "./outbox.js";
import { Pings } from "./pings.js";
import type { Deflate, Transport, TransportListener } from "./ports.js";
import { Sender, type WhenFull } from "./sender.js";

/** What the sockets of one role in one process share. */
export interface SocketSurroundings {
  /** Its timers are shared by all sockets. */
  readonly clock: Clock;
  readonly turns: Turns;
  readonly random: Random;
  readonly text: TextCodec;
  readonly deflate: Deflate;
  readonly logger: Logger;
  readonly writer: FrameWriter;
}

/** The limits of one socket. */
export interface SocketLimits {
  /** The longest message in bytes, after inflating. */
  readonly messageBytesMax: number;
  /** The most frames of one message, empty ones counted. */
  readonly fragmentsMax: number;
  /** How many bytes can wait for the peer. */
  readonly outboxBytesMax: number;
  readonly whenFull: WhenFull;
  /** How long the peer may take to answer our close frame and to end the transport. */
  readonly closeTimeoutMs: number;
  /** After this much silence the peer is pinged; 0: never. */
  readonly keepaliveIdleMs: number;
  /** How long the peer may take to answer that. */
  readonly keepaliveTimeoutMs: number;
  /** Messages from this size on are compressed, where compression was negotiated. */
  readonly deflateFromBytes: number;
}

export interface SocketDriverOptions {
  readonly role: Role;
  readonly transport: Transport;
  readonly surroundings: SocketSurroundings;
  readonly limits: SocketLimits;
  /** What was negotiated; undefined without compression. */
  readonly deflate: DeflateParameters | undefined;
}

/** How a connection ended. */
export interface CloseInfo {
  /** The peer's close code; 1005 for a close frame without one; 1006 for an end without a close frame. */
  readonly code: number;
  readonly reason: string;
  /** Whether both sides sent a close frame and neither broke a rule. */
  readonly wasClean: boolean;
}

export interface WebSocketEvents {
  readonly open: undefined;
  readonly message: string | Uint8Array;
  /** What went wrong; a `close` follows. */
  readonly error: BusbarError;
  readonly close: CloseInfo;
  /** Everything that waited has been handed to the kernel. */
  readonly drain: undefined;
}

/** Runs one WebSocket over one transport: reads, answers, sends, closes. The application sees it through `WebSocket`. */
export class SocketDriver implements TransportListener {
  readonly sender: Sender;
  readonly inbox: Inbox = new Inbox(() => this.#updateFlow());
  readonly pings: Pings;

  readonly #options: SocketDriverOptions;
  readonly #listeners: Listeners<WebSocketEvents> = new Listeners();
  readonly #connection: Connection;
  readonly #messageDeflate: MessageDeflate | undefined;
  readonly #outbox: Outbox;
  readonly #keepalive: Keepalive | undefined;
  readonly #closed: Deferred<CloseInfo> = optionalDeferred();
  #closeInfo: CloseInfo = { code: closeCodes.abnormal, reason: "", wasClean: false };
  #closeTimer: Timer | undefined;
  /** The answer to the latest ping of a peer that does not read. */
  #waitingPong: Uint8Array | undefined;
  #isPaused = false;
  #isClosed = false;

  constructor(options: SocketDriverOptions) {
    const { deflate: parameters, limits, role, surroundings, transport } = options;
    const { clock, deflate, random, text, turns, writer } = surroundings;
    this.#options = options;
    const { fragmentsMax, messageBytesMax } = limits;
    const isDeflateNegotiated = parameters !== undefined;
    this.#connection = new Connection({
      role,
      text,
      writer,
      fragmentsMax,
      messageBytesMax,
      isDeflateNegotiated,
    });
    this.#messageDeflate =
      parameters && new MessageDeflate({ role, parameters, fromBytes: limits.deflateFromBytes, deflate, text });
    this.#outbox = new Outbox(transport, turns, () => this.#written());
    this.sender = new Sender({
      connection: this.#connection,
      outbox: this.#outbox,
      messageDeflate: this.#messageDeflate,
      sharedWriter: role === "server" ? writer : undefined,
      text,
      outboxBytesMax: limits.outboxBytesMax,
      whenFull: limits.whenFull,
      onCloseSent: () => this.#closeSent(),
      onFailure: (cause) => this.failed(cause),
    });
    this.pings = new Pings({
      clock,
      random,
      send: (payload) => this.#sendControl("ping", payload),
    });
    this.#keepalive = limits.keepaliveIdleMs > 0 ? this.#keepAlive() : undefined;
  }

  /** Resolves when the transport is gone. Never rejects. */
  get closed(): Promise<CloseInfo> {
    return this.#closed.promise;
  }

  get state(): "open" | "closing" | "closed" {
    if (this.#isClosed) return "closed";
    return this.#connection.state === "open" && !this.sender.isClosing ? "open" : "closing";
  }

  /**
   * Begin the close handshake; what was sent before still leaves.
   *
   * @throws ProtocolError for a code or a reason that may not travel.
   */
  close(code: number, reason: string): void {
    const error = this.#connection.closeError(code, reason);
    if (error !== undefined) throw error;
    this.#close(code, reason);
    this.inbox.end();
    this.#updateFlow();
  }

  /** Drop the transport at once. */
  terminate(): void {
    this.#options.transport.destroy();
  }

  /** The application's code failed, or ours: end this connection, and it alone. */
  failed(cause: unknown): void {
    this.#options.surroundings.logger.error("websocket/handler-failed", {
      address: this.#options.transport.remoteAddress,
      error: cause instanceof Error ? (cause.stack ?? cause.message) : String(cause),
    });
    if (!this.#isClosed) this.close(closeCodes.internalError, "internal error");
  }

  bytesReceived(chunk: Uint8Array): void {
    this.#keepalive?.heard();
    const events: ConnectionEvent[] = [];
    this.#connection.receive(chunk, events);
    this.#take(events);
  }

  peerEnded(): void {
    this.#options.transport.end();
  }

  transportClosed(cause?: BusbarError): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#connection.transportEnded();
    const error = notSentError(cause);
    this.#outbox.fail(error);
    this.sender.end(error);
    this.pings.end(error);
    this.#keepalive?.stop();
    this.#closeTimer?.cancel();
    this.inbox.end();
    if (cause !== undefined && !this.#closeInfo.wasClean) this.#emit("error", cause);
    this.#emit("close", this.#closeInfo);
    this.#closed.resolve(this.#closeInfo);
  }

  /** Call `listener` for each event of this name; returns the function that ends it. */
  listen<Name extends keyof WebSocketEvents>(name: Name, listener: (event: WebSocketEvents[Name]) => void): () => void {
    const stop = this.#listeners.add(name, listener);
    const { turns } = this.#options.surroundings;
    if (name === "message") turns.atEndOfTurn(() => this.#handOver());
    if (name === "open") turns.atEndOfTurn(() => this.#announceOpen());
    return stop;
  }

  /** A socket is open when the application sees it first, so that each listener is told once, soon. */
  #announceOpen(): void {
    this.#emit("open", undefined);
    this.#listeners.clear("open");
  }

  /** Give listeners what came before them. */
  #handOver(): void {
    while (this.#listeners.has("message")) {
      const message = this.inbox.shift();
      if (message === undefined) return;
      this.#emit("message", message);
    }
  }

  #take(events: ConnectionEvent[]): void {
    for (const event of events) {
      switch (event.type) {
        case "message":
          this.#deliver(event.data);
          break;
        case "compressed":
          this.#inflate(event.payload, events);
          break;
        case "ping":
          this.#answerPing(event.payload);
          break;
        case "pong":
          this.pings.pong(event.payload);
          break;
        case "close":
          this.#closeReceived(event.code, event.reason);
          break;
        case "failed":
          this.#peerFailed(event.error);
          break;
      }
    }
    this.#updateFlow();
  }

  #deliver(message: string | Uint8Array): void {
    if (this.sender.isClosing) return;
    if (this.inbox.length === 0 && this.#listeners.has("message")) this.#emit("message", message);
    else this.inbox.push(message);
  }

  /** Inflate a message; when it is there at once, what follows it is appended to `events`. */
  #inflate(payload: Uint8Array, events: ConnectionEvent[]): void {
    const inflation = this.#messageDeflate?.inflate(payload, this.#options.limits.messageBytesMax) ?? "invalid";
    if (!(inflation instanceof Promise)) return this.#connection.inflated(inflation, events);
    inflation.then(
      (result: Inflation) => {
        const later: ConnectionEvent[] = [];
        this.#connection.inflated(result, later);
        this.#take(later);
      },
      (cause: unknown) => this.failed(cause),
    );
  }

  #answerPing(payload: Uint8Array): void {
    if (!this.#connection.canSend) return;
    if (this.#outbox.isBlocked) this.#waitingPong = payload;
    else this.#sendControl("pong", payload);
  }

  #sendControl(type: "ping" | "pong", payload: Uint8Array): void {
    const from = this.#outbox.pieces.length;
    this.#connection.sendControl(type, payload, this.#outbox.pieces);
    this.#outbox.appended(from);
  }

  #closeReceived(code: number, reason: string): void {
    this.#closeInfo = { code, reason, wasClean: true };
    if (this.#connection.state === "closed") return this.#closeSent();
    this.#closeAtEndOfTurn(code === closeCodes.noStatus ? undefined : code, "");
  }

  #peerFailed(error: ProtocolError): void {
    this.#closeInfo = { code: error.closeCode, reason: error.code, wasClean: false };
    const { surroundings, transport } = this.#options;
    surroundings.logger.warn("websocket/protocol-error", {
      address: transport.remoteAddress,
      code: error.code,
      message: error.message,
    });
    this.#closeAtEndOfTurn(error.closeCode, error.code);
    this.#emit("error", error);
  }

  /** Close behind what the messages before it are answered with in this turn. */
  #closeAtEndOfTurn(code: number | undefined, reason: string): void {
    this.#options.surroundings.turns.atEndOfTurn(() => {
      this.#close(code, reason);
      this.#closeSent();
      this.inbox.end();
      this.#updateFlow();
    });
  }

  #close(code: number | undefined, reason: string): void {
    const { limits, surroundings, transport } = this.#options;
    this.#closeTimer ??= surroundings.clock.schedule(limits.closeTimeoutMs, () => transport.destroy());
    this.sender.close(code, reason);
  }

  /** Our close frame is on its way. When the peer's has come the server ends the transport first (RFC 6455, 7.1.1). */
  #closeSent(): void {
    if (this.#connection.state !== "closed") return;
    if (this.#options.role === "client" && this.#closeInfo.wasClean) return;
    const end = (): void => this.#options.transport.end();
    this.#outbox.handedOver().then(end, end);
  }

  #written(): void {
    const pong = this.#waitingPong;
    this.#waitingPong = undefined;
    if (pong !== undefined && this.#connection.canSend) this.#sendControl("pong", pong);
    this.sender.drain();
    if (this.sender.bufferedBytes === 0) this.#emit("drain", undefined);
  }

  #updateFlow(): void {
    const shouldPause = this.#connection.isInflating || (this.inbox.isFull && this.state === "open");
    if (shouldPause === this.#isPaused) return;
    this.#isPaused = shouldPause;
    if (shouldPause) this.#options.transport.pause();
    else this.#options.transport.resume();
  }

  #keepAlive(): Keepalive {
    const { limits, surroundings, transport } = this.#options;
    return new Keepalive({
      clock: surroundings.clock,
      idleMs: limits.keepaliveIdleMs,
      timeoutMs: limits.keepaliveTimeoutMs,
      isListening: () => !this.#isPaused,
      onIdle: () => {
        if (this.#connection.canSend && !this.#outbox.isBlocked) this.#sendControl("ping", new Uint8Array(0));
      },
      onGone: () => {
        const message = `the peer has been silent for ${limits.keepaliveIdleMs + limits.keepaliveTimeoutMs} ms`;
        this.#emit("error", new BusbarError("websocket/keepalive-timeout", message, { retryable: true }));
        transport.destroy();
      },
    });
  }

  #emit<Name extends keyof WebSocketEvents>(name: Name, event: WebSocketEvents[Name]): void {
    try {
      this.#listeners.emit(name, event);
    } catch (error) {
      this.failed(error);
    }
  }
}
