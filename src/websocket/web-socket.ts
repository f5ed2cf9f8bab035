import { optionalRejection } from "../kernel/deferred.js";
import { closeCodes } from "../protocol/close-code.js";
import type { Broadcasts } from "./broadcasts.js";
import type { Listener } from "./listeners.js";
import { requireReason } from "./message-check.js";
import type { Outbox } from "./outbox.js";
import { PreparedMessage } from "./prepared-message.js";
import type { Sendable } from "./sender.js";
import type { SocketDriver } from "./socket-driver.js";
import type { CloseInfo, WebSocketEvents } from "./web-socket-events.js";

/** What a socket began with and who is at its other end. */
export interface SocketIdentity<Request, Principal> {
  readonly request: Request;
  readonly principal: Principal;
  readonly protocol: string;
}

/**
 * One open WebSocket.
 *
 * Take its messages either with `for await` or with `on("message")`; while nobody takes them the peer is made to wait.
 */
export class WebSocket<Request, Principal> implements AsyncIterable<string | Uint8Array> {
  /** What the socket began with: URL, headers, the peer's address. */
  readonly request: Request;
  /** Who authenticated at the handshake. */
  readonly principal: Principal;
  /** The negotiated subprotocol; empty when there is none. */
  readonly protocol: string;
  readonly #driver: SocketDriver;

  constructor(driver: SocketDriver, identity: SocketIdentity<Request, Principal>) {
    this.#driver = driver;
    this.request = identity.request;
    this.principal = identity.principal;
    this.protocol = identity.protocol;
  }

  /** Bytes that were given to `send` and that the kernel has not taken. */
  get bufferedBytes(): number {
    return this.#driver.sender.bufferedBytes;
  }

  get state(): "open" | "closing" | "closed" {
    return this.#driver.state;
  }

  /** Resolves when the transport is gone. Never rejects. */
  get closed(): Promise<CloseInfo> {
    return this.#driver.closed;
  }

  /**
   * Send a message, text or bytes; resolves when the kernel has taken it, so that awaiting it is backpressure.
   *
   * Bytes are not copied: leave them as they are until then. Rejects with a `BusbarError`: `send/not-open` once the
   * connection is closing, `websocket/outbox-full`, or `websocket/not-sent` when the connection ended before. A
   * rejection that nobody awaits does no harm.
   */
  send(message: Sendable): Promise<void> {
    return this.#driver.sender.send(message);
  }

  /** Send a prepared message that nobody awaits; false, and nothing is sent, when the outbox is full or closing. */
  offer(message: PreparedMessage): boolean {
    return this.#driver.sender.offer(message);
  }

  /**
   * Ask the peer for a pong (RFC 6455, 5.5.2); resolves with the round trip in milliseconds.
   *
   * @param payload at most 125 bytes; random when it is left out.
   */
  ping(payload?: Uint8Array): Promise<number> {
    return this.#driver.pings.ping(payload);
  }

  /**
   * Begin the close handshake; resolves when the transport is gone. What was sent before still leaves.
   *
   * @param code 1000 to 1003, 1007 to 1014 or 3000 to 4999.
   * @param reason at most 123 bytes of UTF-8.
   */
  close(code: number = closeCodes.normal, reason = ""): Promise<CloseInfo> {
    try {
      requireReason(reason);
      this.#driver.close(code, reason);
    } catch (error) {
      return optionalRejection(error);
    }
    return this.#driver.closed;
  }

  /** Drop the connection at once, without a close handshake: the peer sees an abnormal end (1006). */
  terminate(): void {
    this.#driver.terminate();
  }

  /** Call `listener` for each event of this name; returns the function that ends it. */
  on<Name extends keyof WebSocketEvents>(name: Name, listener: Listener<WebSocketEvents[Name]>): () => void {
    return this.#driver.listen(name, listener);
  }

  /**
   * Send one message to many sockets; it is framed once, and compressed once.
   *
   * @returns the sockets that were left out, because too much waits for them already or because they are closing.
   */
  static broadcast<Socket extends WebSocket<unknown, unknown>>(
    this: void,
    sockets: Iterable<Socket>,
    message: Sendable,
  ): Socket[] {
    const prepared = message instanceof PreparedMessage ? message : new PreparedMessage(message);
    const audience = [...sockets];
    const [first] = audience;
    if (first === undefined) return [];
    const { broadcasts } = first.#driver;
    if (!broadcasts.isTo(audience)) {
      broadcasts.interrupt();
      const outboxes = WebSocket.#clearOutboxes(audience, broadcasts);
      // Who stands there twice is told twice.
      const isEachOnce = sockets instanceof Set || new Set(audience).size === audience.length;
      if (outboxes !== undefined && isEachOnce) broadcasts.begin(audience, outboxes);
    }
    if (broadcasts.take(prepared)) return [];
    return audience.filter((socket) => !socket.offer(prepared));
  }

  /** The outboxes of sockets that share `broadcasts`, where all of them are clear. */
  static #clearOutboxes(
    sockets: readonly WebSocket<unknown, unknown>[],
    broadcasts: Broadcasts,
  ): readonly Outbox[] | undefined {
    const outboxes: Outbox[] = [];
    for (const socket of sockets) {
      const { broadcasts: theirs, clearOutbox } = socket.#driver;
      if (theirs !== broadcasts || clearOutbox === undefined) return undefined;
      outboxes.push(clearOutbox);
    }
    return outboxes;
  }

  /** The messages, until the connection closes. Leaving the loop early leaves the connection open. */
  [Symbol.asyncIterator](): AsyncIterator<string | Uint8Array, undefined> {
    return this.#driver.inbox;
  }
}

/** What `WebSocket.broadcast` does, by itself. */
export const broadcast: typeof WebSocket.broadcast = WebSocket.broadcast;
