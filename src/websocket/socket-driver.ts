import type { Clock, Turns } from "../kernel/clock.js";
import { deferred, type Deferred } from "../kernel/deferred.js";
import { causeText } from "../kernel/cause-text.js";
import { assert, BusbarError } from "../kernel/errors.js";
import type { Logger } from "../kernel/logger.js";
import type { Random } from "../kernel/random.js";
import type { TextCodec } from "../kernel/text-codec.js";
import { closeCodes } from "../protocol/close-code.js";
import { Connection, type ConnectionEvent, type Role } from "../protocol/connection.js";
import type { DeflateParameters } from "../protocol/deflate-negotiation.js";
import type { ProtocolError } from "../protocol/errors.js";
import type { FrameWriter } from "../protocol/frame-writer.js";
import { Closing, type CloseInfo } from "./closing.js";
import { Inbox } from "./inbox.js";
import { Keepalive } from "./keepalive.js";
import { Listeners, type Listener } from "./listeners.js";
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
  /** How long closing may take: what still waits, the peer's close frame and its end of the transport. */
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

export type { CloseInfo };

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
  readonly #listeners: Listeners<WebSocketEvents> = new Listeners((error) => this.failed(error));
  readonly #connection: Connection;
  readonly #messageDeflate: MessageDeflate | undefined;
  readonly #outbox: Outbox;
  readonly #keepalive: Keepalive | undefined;
  readonly #closed: Deferred<CloseInfo> = deferred();
  readonly #closing: Closing;
  /** The answer to the latest ping of a peer that does not read. */
  #waitingPong: Uint8Array | undefined;
  #isPaused = false;
  #isClosed = false;

  constructor(options: SocketDriverOptions) {
    const { deflate: parameters, limits, role, surroundings, transport } = options;
    const { clock, deflate, random, text, turns, writer } = surroundings;
    const { closeTimeoutMs: timeoutMs, deflateFromBytes: fromBytes, outboxBytesMax, whenFull } = limits;
    const isDeflateNegotiated = parameters !== undefined;
    const connection = new Connection({ ...limits, role, text, writer, isDeflateNegotiated });
    const messageDeflate = parameters && new MessageDeflate({ role, parameters, fromBytes, deflate, text });
    const outbox = new Outbox(transport, turns, () => this.#written());
    const sender = new Sender({
      connection,
      outbox,
      messageDeflate,
      sharedWriter: role === "server" ? writer : undefined,
      text,
      outboxBytesMax,
      whenFull,
      onCloseSent: () => this.#closing.closeSent(),
      onFailure: (cause) => this.failed(cause),
    });
    const { inbox } = this;
    const onStep = (): void => {
      this.#keepalive?.stop();
      this.#updateFlow();
    };
    this.#closing = new Closing({
      role,
      connection,
      transport,
      outbox,
      inbox,
      sender,
      clock,
      turns,
      timeoutMs,
      onStep,
    });
    this.#options = options;
    this.#connection = connection;
    this.#messageDeflate = messageDeflate;
    this.#outbox = outbox;
    this.sender = sender;
    this.pings = new Pings({ clock, random, send: (payload) => this.#sendControl("ping", payload) });
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
    this.#closing.close({ code, reason });
  }

  /** Drop the transport at once; nothing more is sent or handed out. */
  terminate(): void {
    this.#closing.drop();
  }

  /** The application's code failed, or ours: end this connection, and it alone. */
  failed(cause: unknown): void {
    const { surroundings, transport } = this.#options;
    const fields = { address: transport.remoteAddress, cause: causeText(cause) };
    if (this.state !== "open" && isTooLate(cause)) return surroundings.logger.debug("websocket/sent-too-late", fields);
    const stack = cause instanceof Error ? cause.stack : undefined;
    surroundings.logger.error("websocket/handler-failed", { ...fields, stack });
    this.#closing.close({ code: closeCodes.internalError, reason: "internal error" });
  }

  bytesReceived(chunk: Uint8Array): void {
    this.#keepalive?.heard();
    const events: ConnectionEvent[] = [];
    try {
      this.#connection.receive(chunk, events);
      this.#take(events);
    } catch (error) {
      this.failed(error);
    }
  }

  peerEnded(): void {
    this.#closing.peerEnded();
  }

  transportClosed(cause?: BusbarError): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#closing.over();
    this.#keepalive?.stop();
    const error = notSentError(cause);
    this.#outbox.fail(error);
    this.sender.end(error);
    this.pings.end(error);
    this.inbox.end();
    const { info } = this.#closing;
    if (cause !== undefined && !info.wasClean) this.#listeners.emit("error", cause);
    this.#listeners.emit("close", info);
    this.#closed.resolve(info);
  }

  /** Call `listener` for each event of this name; returns the function that ends it. */
  listen<Name extends keyof WebSocketEvents>(name: Name, listener: Listener<WebSocketEvents[Name]>): () => void {
    const stop = this.#listeners.add(name, listener);
    if (name === "open" || name === "message") this.#catchUp().catch((error: unknown) => this.failed(error));
    return stop;
  }

  /**
   * Tell listeners what came before them: not in their own call, but in its turn, so that what they answer leaves
   * before our close frame where the peer's close came in the same chunk.
   */
  async #catchUp(): Promise<void> {
    await Promise.resolve();
    this.#announceOpen();
    while (this.#listeners.has("message")) {
      const message = this.inbox.shift();
      if (message === undefined) return;
      this.#listeners.emit("message", message);
    }
  }

  /** A socket is open when the application sees it first: each listener is told once, soon, before any message. */
  #announceOpen(): void {
    if (!this.#listeners.has("open")) return;
    if (!this.#isClosed) this.#listeners.emit("open", undefined);
    this.#listeners.clear("open");
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
          this.#closing.closeReceived(event.code, event.reason);
          break;
        case "failed":
          this.#peerFailed(event.error);
          break;
      }
    }
    this.#updateFlow();
    this.#closing.endAfterPeer();
  }

  #deliver(message: string | Uint8Array): void {
    if (this.sender.isClosing || this.#connection.state === "closed") return;
    this.#announceOpen();
    if (this.inbox.length === 0 && this.#listeners.has("message")) this.#listeners.emit("message", message);
    else this.inbox.push(message);
  }

  /** Inflate a message; when it is there at once, what follows it is appended to `events`. */
  #inflate(payload: Uint8Array, events: ConnectionEvent[]): void {
    const messageDeflate = this.#messageDeflate;
    assert(messageDeflate !== undefined, "only a connection with permessage-deflate reads compressed messages");
    const inflation = messageDeflate.inflate(payload, this.#options.limits.messageBytesMax);
    if (!(inflation instanceof Promise)) return this.#connection.inflated(inflation, events);
    inflation
      .then((result) => {
        const later: ConnectionEvent[] = [];
        this.#connection.inflated(result, later);
        this.#take(later);
      })
      .catch((error: unknown) => this.failed(error));
  }

  #peerFailed(error: ProtocolError): void {
    const { surroundings, transport } = this.#options;
    surroundings.logger.warn("websocket/protocol-error", {
      address: transport.remoteAddress,
      code: error.code,
      message: error.message,
    });
    this.#closing.peerFailed(error);
    this.#listeners.emit("error", error);
  }

  #answerPing(payload: Uint8Array): void {
    if (!this.#connection.canSend) return;
    if (this.#outbox.isBlocked) this.#waitingPong = payload;
    else this.#sendControl("pong", payload);
  }

  #sendControl(type: "ping" | "pong", payload: Uint8Array): void {
    this.#connection.sendControl(type, payload, this.#outbox.pieces);
    this.#outbox.appended();
  }

  #written(): void {
    const pong = this.#waitingPong;
    this.#waitingPong = undefined;
    if (pong !== undefined && this.#connection.canSend) this.#sendControl("pong", pong);
    this.sender.drain();
    if (this.sender.bufferedBytes === 0) this.#listeners.emit("drain", undefined);
  }

  #updateFlow(): void {
    if (this.#isClosed) return;
    const shouldPause = this.#connection.isInflating || (this.inbox.isFull && this.state === "open");
    if (shouldPause === this.#isPaused) return;
    this.#isPaused = shouldPause;
    if (shouldPause) this.#options.transport.pause();
    else this.#options.transport.resume();
  }

  #keepAlive(): Keepalive {
    const { limits, surroundings } = this.#options;
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
        this.#listeners.emit("error", new BusbarError("websocket/keepalive-timeout", message, { retryable: true }));
        this.terminate();
      },
    });
  }
}

/** Whether this is a send that failed because the connection ended: nobody's fault, if it is that connection. */
function isTooLate(cause: unknown): boolean {
  return cause instanceof BusbarError && (cause.code === "send/not-open" || cause.code === "websocket/not-sent");
}
