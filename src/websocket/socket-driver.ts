import type { Clock, Turns } from "../kernel/clock.js";
import { deferred, type Deferred } from "../kernel/deferred.js";
import { causeText } from "../kernel/cause-text.js";
import { assert, type BusbarError } from "../kernel/errors.js";
import type { Random } from "../kernel/random.js";
import type { TextCodec } from "../kernel/text-codec.js";
import { closeCodes } from "../protocol/close-code.js";
import { Connection, type ConnectionEvent, type Role } from "../protocol/connection.js";
import type { DeflateParameters } from "../protocol/deflate-negotiation.js";
import type { ProtocolError } from "../protocol/errors.js";
import type { FrameWriter } from "../protocol/frame-writer.js";
import type { Broadcasts } from "./broadcasts.js";
import { Closing, type CloseInfo, type ClosingOptions } from "./closing.js";
import { Inbox, type InboxOwner } from "./inbox.js";
import { Keepalive, type KeepaliveLimits, type KeepaliveOwner } from "./keepalive.js";
import { Listeners, type Listener, type ListenersOwner } from "./listeners.js";
import { MessageDeflate } from "./message-deflate.js";
import { notSent, Outbox, type OutboxOwner } from "./outbox.js";
import { Pings, type PingsOptions } from "./pings.js";
import type { Transport, TransportListener } from "./ports.js";
import { isTooLate, Sender, type SenderOptions, type WhenFull } from "./sender.js";
import type { SocketKind } from "./socket-kind.js";
import type { TurnWriter } from "./turn-writer.js";
import type { WebSocketEvents } from "./web-socket-events.js";

export interface SocketDriverOptions {
  readonly kind: SocketKind;
  readonly transport: Transport;
  /** What was negotiated; undefined without compression. */
  readonly deflate: DeflateParameters | undefined;
  /** The peer's address, where it is not the transport's. */
  readonly address?: string;
  readonly owner?: SocketOwner;
}

/** Whoever keeps a socket. */
export interface SocketOwner {
  /** The transport is gone, and all who listened were told. */
  socketClosed(): void;
}

/** Runs one WebSocket over one transport: reads, answers, sends, closes. The application sees it through `WebSocket`. */
export class SocketDriver
  implements
    TransportListener,
    InboxOwner,
    OutboxOwner,
    ListenersOwner,
    SenderOptions,
    ClosingOptions,
    PingsOptions,
    KeepaliveOwner
{
  readonly transport: Transport;
  readonly connection: Connection;
  readonly messageDeflate: MessageDeflate | undefined;
  readonly #kind: SocketKind;
  readonly #address: string | undefined;
  readonly #owner: SocketOwner | undefined;
  readonly #listeners: Listeners<WebSocketEvents>;
  readonly #keepalive: Keepalive | undefined;
  // What many sockets never need is made when it is needed first: a server has many sockets.
  #inbox: Inbox | undefined;
  #outbox: Outbox | undefined;
  #sender: Sender | undefined;
  #pings: Pings | undefined;
  #closing: Closing | undefined;
  #closed: Deferred<CloseInfo> | undefined;
  /** The answer to the latest ping of a peer that does not read. */
  #waitingPong: Uint8Array | undefined;
  #isPaused = false;
  #isClosed = false;
  /** Whether anybody ever listened to `drain`, which comes with nearly every write: 2 % of a fan-out, to look that up. */
  #isDrainHeard = false;

  constructor({ address, deflate: parameters, kind, owner, transport }: SocketDriverOptions) {
    const { limits, role, surroundings } = kind;
    const { deflate, text } = surroundings;
    this.#kind = kind;
    this.#address = address;
    this.#owner = owner;
    this.transport = transport;
    this.connection = new Connection(parameters === undefined ? kind.plain : kind.deflating);
    if (parameters !== undefined) {
      this.messageDeflate = new MessageDeflate({ role, parameters, fromBytes: limits.deflateFromBytes, deflate, text });
    }
    // What follows is given the socket itself, in place of closures and options of its own.
    this.#listeners = new Listeners(this);
    if (limits.keepaliveIdleMs > 0) this.#keepalive = new Keepalive(this);
  }

  /** Messages that nobody has taken. */
  get inbox(): Inbox {
    if (this.#inbox !== undefined) return this.#inbox;
    this.#inbox = new Inbox(this);
    if (this.#isClosed || this.#isClosing()) this.#inbox.end();
    return this.#inbox;
  }

  get outbox(): Outbox {
    return (this.#outbox ??= new Outbox(this));
  }

  /** The outbox, where what is broadcast can be written to it with nothing in its way; undefined elsewhere. */
  get clearOutbox(): Outbox | undefined {
    return this.#isDrainHeard ? undefined : this.sender.clearOutbox;
  }

  get sender(): Sender {
    return (this.#sender ??= new Sender(this));
  }

  /** Whether our close frame is on its way. */
  #isClosing(): boolean {
    return this.#sender?.isClosing === true;
  }

  get pings(): Pings {
    return (this.#pings ??= new Pings(this));
  }

  get closing(): Closing {
    return (this.#closing ??= new Closing(this));
  }

  get role(): Role {
    return this.#kind.role;
  }

  get clock(): Clock {
    return this.#kind.surroundings.clock;
  }

  get turns(): Turns {
    return this.#kind.surroundings.turns;
  }

  get turnWriter(): TurnWriter {
    return this.#kind.turnWriter;
  }

  get broadcasts(): Broadcasts {
    return this.#kind.broadcasts;
  }

  get random(): Random {
    return this.#kind.surroundings.random;
  }

  get text(): TextCodec {
    return this.#kind.surroundings.text;
  }

  get sharedWriter(): FrameWriter | undefined {
    return this.#kind.sharedWriter;
  }

  get outboxBytesMax(): number {
    return this.#kind.limits.outboxBytesMax;
  }

  get whenFull(): WhenFull {
    return this.#kind.limits.whenFull;
  }

  get limits(): KeepaliveLimits {
    return this.#kind.limits;
  }

  get isListening(): boolean {
    return !this.#isPaused;
  }

  get closeTimeoutMs(): number {
    return this.#kind.limits.closeTimeoutMs;
  }

  /** Resolves when the transport is gone. Never rejects. */
  get closed(): Promise<CloseInfo> {
    if (this.#isClosed) return Promise.resolve(this.closing.info);
    return (this.#closed ??= deferred()).promise;
  }

  #peerAddress(): string {
    return this.#address ?? this.transport.remoteAddress;
  }

  get state(): "open" | "closing" | "closed" {
    if (this.#isClosed) return "closed";
    return this.connection.state === "open" && !this.#isClosing() ? "open" : "closing";
  }

  /**
   * Begin the close handshake; what was sent before still leaves.
   *
   * @throws ProtocolError for a code or a reason that may not travel.
   */
  close(code: number, reason: string): void {
    const error = this.connection.closeError(code, reason);
    if (error !== undefined) throw error;
    this.closing.close({ code, reason });
  }

  /** Drop the transport at once; nothing more is sent or handed out. */
  terminate(): void {
    this.broadcasts.interrupt();
    this.closing.drop();
  }

  /** The application's code failed, or ours: end this connection, and it alone. */
  failed(cause: unknown): void {
    const { surroundings } = this.#kind;
    const fields = { address: this.#peerAddress(), cause: causeText(cause) };
    if (this.state !== "open" && isTooLate(cause)) return surroundings.logger.debug("websocket/sent-too-late", fields);
    const stack = cause instanceof Error ? cause.stack : undefined;
    surroundings.logger.error("websocket/handler-failed", { ...fields, stack });
    this.closing.close({ code: closeCodes.internalError, reason: "internal error" });
  }

  bytesReceived(chunk: Uint8Array): void {
    this.#keepalive?.heard();
    const events: ConnectionEvent[] = [];
    try {
      this.connection.receive(chunk, events);
      this.#take(events);
      if (this.connection.isInflating) this.connection.keep();
    } catch (error) {
      this.failed(error);
    }
  }

  peerEnded(): void {
    this.closing.peerEnded();
  }

  transportClosed(cause?: BusbarError): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.closing.over();
    this.#keepalive?.stop();
    const failure = notSent(cause);
    this.#outbox?.fail(failure);
    this.#sender?.end(failure);
    this.#pings?.end(failure);
    this.#inbox?.end();
    const { info } = this.closing;
    if (cause !== undefined && !info.wasClean) this.#listeners.call(this.#listeners.by.error, cause);
    this.#listeners.call(this.#listeners.by.close, info);
    this.#closed?.resolve(info);
    this.#owner?.socketClosed();
  }

  /** Call `listener` for each event of this name; returns the function that ends it. */
  listen<Name extends keyof WebSocketEvents>(name: Name, listener: Listener<WebSocketEvents[Name]>): () => void {
    const stop = this.#listeners.add(name, listener);
    if (name === "drain") this.#isDrainHeard = true;
    this.broadcasts.interrupt();
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
    while (this.#listeners.by.message !== undefined) {
      const message = this.#inbox?.shift();
      if (message === undefined) return;
      this.#listeners.call(this.#listeners.by.message, message);
    }
  }

  /** A socket is open when the application sees it first: each listener is told once, soon, before any message. */
  #announceOpen(): void {
    if (this.#listeners.by.open === undefined) return;
    if (!this.#isClosed) this.#listeners.call(this.#listeners.by.open, undefined);
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
          this.#pings?.pong(event.payload);
          break;
        case "close":
          this.closing.closeReceived(event.code, event.reason);
          break;
        case "failed":
          this.#peerFailed(event.error);
          break;
      }
    }
    this.updateFlow();
    this.#closing?.endAfterPeer();
  }

  #deliver(message: string | Uint8Array): void {
    if (this.#isClosing() || this.connection.state === "closed") return;
    this.#announceOpen();
    const isNoneWaiting = this.#inbox === undefined || this.#inbox.length === 0;
    if (isNoneWaiting && this.#listeners.by.message !== undefined)
      this.#listeners.call(this.#listeners.by.message, message);
    else this.inbox.push(message);
  }

  /** Inflate a message; when it is there at once, what follows it is appended to `events`. */
  #inflate(payload: Uint8Array, events: ConnectionEvent[]): void {
    const messageDeflate = this.messageDeflate;
    assert(messageDeflate !== undefined, "only a connection with permessage-deflate reads compressed messages");
    const inflation = messageDeflate.inflate(payload, this.#kind.limits.messageBytesMax);
    if (!(inflation instanceof Promise)) return this.connection.inflated(inflation, events);
    inflation
      .then((result) => {
        const later: ConnectionEvent[] = [];
        this.connection.inflated(result, later);
        this.#take(later);
      })
      .catch((error: unknown) => this.failed(error));
  }

  #peerFailed(error: ProtocolError): void {
    const { surroundings } = this.#kind;
    surroundings.logger.warn("websocket/protocol-error", {
      address: this.#peerAddress(),
      code: error.code,
      message: error.message,
    });
    this.closing.peerFailed(error);
    this.#listeners.call(this.#listeners.by.error, error);
  }

  #answerPing(payload: Uint8Array): void {
    if (!this.connection.canSend) return;
    if (this.#outbox?.isBlocked === true) this.#waitingPong = payload;
    else this.#sendControl("pong", payload);
  }

  #sendControl(type: "ping" | "pong", payload: Uint8Array): void {
    this.broadcasts.interrupt();
    this.connection.sendControl(type, payload, this.outbox);
    this.outbox.appended();
  }

  outboxWritten(): void {
    const pong = this.#waitingPong;
    this.#waitingPong = undefined;
    if (pong !== undefined && this.connection.canSend) this.#sendControl("pong", pong);
    this.#sender?.drain();
    if (this.#isDrainHeard && this.sender.bufferedBytes === 0)
      this.#listeners.call(this.#listeners.by.drain, undefined);
  }

  closeSent(): void {
    this.closing.closeSent();
  }

  closingStep(): void {
    this.broadcasts.interrupt();
    this.#keepalive?.stop();
    this.updateFlow();
  }

  sendPing(payload: Uint8Array): void {
    this.#sendControl("ping", payload);
  }

  /** Have the peer wait where its messages do, and no longer. */
  updateFlow(): void {
    if (this.#isClosed) return;
    const shouldPause = this.connection.isInflating || (this.#inbox?.isFull === true && this.state === "open");
    if (shouldPause === this.#isPaused) return;
    this.#isPaused = shouldPause;
    if (shouldPause) this.transport.pause();
    else this.transport.resume();
  }

  peerIsSilent(): void {
    if (this.connection.canSend && this.#outbox?.isBlocked !== true) this.#sendControl("ping", new Uint8Array(0));
  }

  peerIsGone(error: BusbarError): void {
    this.#listeners.call(this.#listeners.by.error, error);
    this.terminate();
  }
}
