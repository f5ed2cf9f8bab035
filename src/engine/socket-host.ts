import type { Principal } from "../auth/principal.js";
import type { Clock } from "../kernel/clock.js";
import type { Logger } from "../kernel/logger.js";
import { HandshakeError } from "../protocol/errors.js";
import { parseRequestHead, type Head, type RequestHead } from "../protocol/http-head.js";
import type { Transport } from "../websocket/ports.js";
import { SocketDriver, type SocketOwner } from "../websocket/socket-driver.js";
import { SocketKind, type SocketSurroundings } from "../websocket/socket-kind.js";
import { WebSocket } from "../websocket/web-socket.js";
import { ConnectionCount, type Counted } from "./connection-count.js";
import { Gate, type Admission, type Peer } from "./gate.js";
import type { HandshakeRequest } from "./handshake-request.js";
import { checkServerOptions } from "./option-checks.js";
import { limitsOf, socketLimitsOf, type HandshakeRefusal, type Limits, type ServerOptions } from "./options.js";
import { PendingHandshake, type HandshakeOwner } from "./pending-handshake.js";
import { surroundingsOf } from "./surroundings.js";
import { TrustedProxies } from "./trusted-proxies.js";

/** A server's socket: what it asked for, and who is at its other end (undefined without `authenticate`). */
export type ServerSocket = WebSocket<HandshakeRequest, Principal | undefined>;

/**
 * What an application does with each new socket.
 *
 * When it throws or rejects, that socket closes with 1011; when it returns, the socket stays as it is.
 */
export type SocketHandler = (socket: ServerSocket) => void | Promise<void>;

/** Turns connections into sockets and keeps them, for a server of its own as for one that it is attached to. */
export class SocketHost implements HandshakeOwner {
  readonly sockets: Set<ServerSocket> = new Set();
  readonly limits: Limits;
  readonly onRefused: ((refusal: HandshakeRefusal) => void) | undefined;
  readonly #handler: SocketHandler;
  readonly #surroundings: SocketSurroundings;
  readonly #kind: SocketKind;
  readonly #gate: Gate;
  readonly #count: ConnectionCount;
  readonly #proxies: TrustedProxies | undefined;
  readonly #pending = new Set<PendingHandshake>();
  #retryAfterS: (() => number) | undefined;

  /** @throws BusbarError `options/invalid`. */
  constructor(handler: SocketHandler, options: ServerOptions) {
    checkServerOptions(options);
    this.#handler = handler;
    this.#surroundings = surroundingsOf("server", options);
    this.limits = limitsOf(options);
    this.#kind = new SocketKind({
      role: "server",
      surroundings: this.#surroundings,
      limits: socketLimitsOf(options),
    });
    this.#gate = new Gate(options, this.#surroundings.logger);
    this.onRefused = options.onRefused;
    this.#count = new ConnectionCount(this.limits);
    if (options.trustProxy !== undefined) this.#proxies = new TrustedProxies(options.trustProxy);
  }

  get clock(): Clock {
    return this.#surroundings.clock;
  }

  get logger(): Logger {
    return this.#surroundings.logger;
  }

  /** Take a connection on which nothing has been read. */
  accept(transport: Transport): void {
    this.#begin(transport)?.read();
  }

  /** Take a connection whose request was read by somebody else, with the bytes that came behind it. */
  upgrade(transport: Transport, head: RequestHead, early: Uint8Array): void {
    const handshake = this.#begin(transport);
    if (handshake === undefined) return;
    const error = this.#limitError(head);
    if (error !== undefined) return handshake.refuse(error);
    transport.pause();
    transport.listen(handshake);
    this.#admit(handshake, head, early);
  }

  /** Let nobody else in. */
  refuse(retryAfterS: () => number): void {
    this.#retryAfterS = retryAfterS;
  }

  /** Close all sockets; resolves when they are gone, at the latest after `closeTimeoutMs`. */
  async close(code: number, reason: string): Promise<void> {
    const handshakes = [...this.#pending];
    for (const handshake of handshakes) handshake.refuse(this.#stopping());
    await Promise.all([...this.sockets].map((socket) => socket.close(code, reason)));
    await Promise.all(handshakes.map((handshake) => handshake.ended()));
  }

  requestCame(handshake: PendingHandshake, head: Head): void {
    // The memory that bytes come in is used again.
    this.#admit(handshake, parseRequestHead(head), new Uint8Array(head.rest));
  }

  handshakeEnded(handshake: PendingHandshake): void {
    if (this.#pending.delete(handshake)) this.#count.leave(handshake);
  }

  /** A socket has closed. */
  closed(socket: ServerSocket, counted: Counted): void {
    this.sockets.delete(socket);
    this.#count.leave(counted);
  }

  #begin(transport: Transport): PendingHandshake | undefined {
    const handshake = new PendingHandshake(transport, this);
    try {
      if (this.#retryAfterS !== undefined) throw this.#stopping();
      // Whose a proxy's connection is, its request says.
      if (this.#proxies?.has(handshake.from) !== true) handshake.address = handshake.from;
      this.#count.enter(handshake);
      this.#pending.add(handshake);
      return handshake;
    } catch (error) {
      handshake.refuse(handshake.failed(error));
      return undefined;
    }
  }

  #stopping(): HandshakeError {
    return new HandshakeError("handshake/stopping", { headers: { "Retry-After": String(this.#retryAfterS?.() ?? 1) } });
  }

  /** Who has sent a request. @throws HandshakeError where too many connections come from there. */
  #peerOf(handshake: PendingHandshake, { headers }: RequestHead): Peer {
    const peer = { address: handshake.from, isSecure: handshake.transport.isSecure };
    if (this.#proxies === undefined || handshake.address !== undefined) return peer;
    const client = this.#proxies.peerOf(peer, headers);
    handshake.from = client.address;
    this.#count.belong(handshake, client.address);
    return client;
  }

  #admit(handshake: PendingHandshake, head: RequestHead, early: Uint8Array): void {
    const refuse = (error: unknown): void => handshake.refuse(handshake.failed(error));
    const open = (admission: Admission): void => {
      try {
        this.#open(handshake, admission, early);
      } catch (error) {
        handshake.drop(error);
      }
    };
    try {
      const admission = this.#gate.admit(head, this.#peerOf(handshake, head));
      if (admission instanceof Promise) admission.then(open, refuse);
      else open(admission);
    } catch (error) {
      refuse(error);
    }
  }

  /** What somebody else read has been read under that one's limits; ours may be narrower. */
  #limitError({ headers, method, target }: RequestHead): HandshakeError | undefined {
    const { headBytesMax, headersMax } = this.limits;
    if (headers.size > headersMax) return new HandshakeError("handshake/too-many-headers");
    const lines = method.length + target.length + "  HTTP/1.1\r\n\r\n".length + headers.size * ": \r\n".length;
    return lines + headers.textLength > headBytesMax ? new HandshakeError("handshake/head-too-large") : undefined;
  }

  #open(handshake: PendingHandshake, admission: Admission, early: Uint8Array): void {
    if (!handshake.accept(admission.response)) return;
    const { address, from, hasPeerEnded, transport } = handshake;
    this.#pending.delete(handshake);
    const owner = new HostedSocket(this, address);
    const driver = new SocketDriver({ kind: this.#kind, transport, deflate: admission.deflate, address: from, owner });
    const socket: ServerSocket = new WebSocket(driver, admission);
    owner.socket = socket;
    this.sockets.add(socket);
    this.#handle(socket, driver);
    admission.request.headers.pack();
    transport.listen(driver);
    transport.resume();
    if (early.length > 0) driver.bytesReceived(early);
    if (hasPeerEnded) driver.peerEnded();
  }

  #handle(socket: ServerSocket, driver: SocketDriver): void {
    try {
      const done = this.#handler(socket);
      if (done !== undefined) Promise.resolve(done).catch((error: unknown) => driver.failed(error));
    } catch (error) {
      driver.failed(error);
    }
  }
}

/** What is left of a connection once its socket has closed: where it was counted. */
class HostedSocket implements SocketOwner, Counted {
  readonly address: string | undefined;
  socket: ServerSocket | undefined;
  readonly #host: SocketHost;

  constructor(host: SocketHost, address: string | undefined) {
    this.#host = host;
    this.address = address;
  }

  socketClosed(): void {
    if (this.socket !== undefined) this.#host.closed(this.socket, this);
  }
}
