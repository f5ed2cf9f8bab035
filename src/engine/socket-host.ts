import type { Socket } from "node:net";
import { TLSSocket } from "node:tls";
import { NodeTransport } from "../adapters/node/transport.js";
import type { Principal } from "../auth/principal.js";
import { HandshakeError } from "../protocol/errors.js";
import { HttpHeadReader, parseRequestHead, type RequestHead } from "../protocol/http-head.js";
import { SocketDriver } from "../websocket/socket-driver.js";
import { SocketKind, type SocketSurroundings } from "../websocket/socket-kind.js";
import { WebSocket } from "../websocket/web-socket.js";
import { ConnectionCount, type Counted } from "./connection-count.js";
import { Gate, type Admission, type Peer } from "./gate.js";
import type { HandshakeRequest } from "./handshake-request.js";
import { checkServerOptions } from "./option-checks.js";
import { limitsOf, socketLimitsOf, type Limits, type ServerOptions } from "./options.js";
import { PendingHandshake } from "./pending-handshake.js";
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
export class SocketHost {
  readonly sockets: Set<ServerSocket> = new Set();
  readonly #handler: SocketHandler;
  readonly #surroundings: SocketSurroundings;
  readonly #limits: Limits;
  readonly #kind: SocketKind;
  readonly #gate: Gate;
  readonly #onRefused: ServerOptions["onRefused"];
  readonly #count: ConnectionCount;
  readonly #proxies: TrustedProxies | undefined;
  readonly #pending = new Set<PendingHandshake>();
  #retryAfterS: (() => number) | undefined;

  /** @throws BusbarError `options/invalid`. */
  constructor(handler: SocketHandler, options: ServerOptions) {
    checkServerOptions(options);
    this.#handler = handler;
    this.#surroundings = surroundingsOf("server", options);
    this.#limits = limitsOf(options);
    this.#kind = new SocketKind({
      role: "server",
      surroundings: this.#surroundings,
      limits: socketLimitsOf(options),
    });
    this.#gate = new Gate(options, this.#surroundings.logger);
    this.#onRefused = options.onRefused;
    this.#count = new ConnectionCount(this.#limits);
    if (options.trustProxy !== undefined) this.#proxies = new TrustedProxies(options.trustProxy);
  }

  /** Take a connection on which nothing has been read. */
  accept(socket: Socket): void {
    const handshake = this.#begin(socket);
    if (handshake === undefined) return;
    const reader = new HttpHeadReader("request", this.#limits);
    handshake.listen((chunk) => {
      try {
        const read = reader.push(chunk);
        if (read === undefined) return;
        socket.pause();
        this.#admit(handshake, parseRequestHead(read), read.rest);
      } catch (error) {
        handshake.refuse(this.#refusal(error));
      }
    });
  }

  /** Take a connection whose request was read by somebody else, with the bytes that came behind it. */
  upgrade(socket: Socket, head: RequestHead, early: Uint8Array): void {
    const handshake = this.#begin(socket);
    if (handshake === undefined) return;
    const error = this.#limitError(head);
    if (error === undefined) this.#admit(handshake, head, early);
    else handshake.refuse(error);
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

  #begin(socket: Socket): PendingHandshake | undefined {
    const { clock, logger } = this.#surroundings;
    const handshake = new PendingHandshake({
      socket,
      clock,
      logger,
      timeoutMs: this.#limits.handshakeTimeoutMs,
      onRefused: this.#onRefused,
      onEnded: (ended) => this.#pending.delete(ended),
    });
    this.#pending.add(handshake);
    try {
      if (this.#retryAfterS !== undefined) throw this.#stopping();
      // Whose a proxy's connection is, its request says.
      if (this.#proxies?.has(handshake.address) !== true) handshake.counted.address = handshake.address;
      this.#count.enter(handshake.counted);
    } catch (error) {
      handshake.refuse(this.#refusal(error));
      return undefined;
    }
    this.#leaveOnClose(socket, handshake.counted);
    return handshake;
  }

  #stopping(): HandshakeError {
    return new HandshakeError("handshake/stopping", { headers: { "Retry-After": String(this.#retryAfterS?.() ?? 1) } });
  }

  /** Not in `#begin`: a listener there would hold the handshake as long as the socket lives. */
  #leaveOnClose(socket: Socket, counted: Counted): void {
    socket.on("close", () => this.#count.leave(counted));
  }

  /** Who has sent a request. @throws HandshakeError where too many connections come from there. */
  #peerOf(handshake: PendingHandshake, { headers }: RequestHead): Peer {
    const peer = { address: handshake.address, isSecure: handshake.socket instanceof TLSSocket };
    const { counted } = handshake;
    if (this.#proxies === undefined || counted.address !== undefined) return peer;
    const client = this.#proxies.peerOf(peer, headers);
    handshake.address = client.address;
    this.#count.belong(counted, client.address);
    return client;
  }

  #admit(handshake: PendingHandshake, head: RequestHead, early: Uint8Array): void {
    this.#decide(handshake, head)
      .then(
        (admission) => this.#open(handshake, admission, early),
        (error: unknown) => handshake.refuse(this.#refusal(error)),
      )
      .catch((error: unknown) => {
        handshake.socket.destroy();
        this.#surroundings.logger.error("websocket/handshake-failed", { error: String(error) });
      });
  }

  async #decide(handshake: PendingHandshake, head: RequestHead): Promise<Admission> {
    return this.#gate.admit(head, this.#peerOf(handshake, head));
  }

  /** What somebody else read has been read under that one's limits; ours may be narrower. */
  #limitError({ headers, method, target }: RequestHead): HandshakeError | undefined {
    const { headBytesMax, headersMax } = this.#limits;
    if (headers.size > headersMax) return new HandshakeError("handshake/too-many-headers");
    let bytes = method.length + target.length + "  HTTP/1.1\r\n\r\n".length;
    for (const [name, value] of headers) bytes += name.length + value.length + ": \r\n".length;
    return bytes > headBytesMax ? new HandshakeError("handshake/head-too-large") : undefined;
  }

  #open(handshake: PendingHandshake, admission: Admission, early: Uint8Array): void {
    if (!handshake.accept(admission.response)) return;
    const transport = new NodeTransport(handshake.socket, { address: handshake.address });
    const driver = new SocketDriver({ kind: this.#kind, transport, deflate: admission.deflate });
    const socket: ServerSocket = new WebSocket(driver, admission);
    this.sockets.add(socket);
    socket.on("close", () => this.sockets.delete(socket));
    this.#handle(socket, driver);
    transport.listen(driver, early);
    handshake.letGo();
  }

  #handle(socket: ServerSocket, driver: SocketDriver): void {
    try {
      const done = this.#handler(socket);
      if (done !== undefined) Promise.resolve(done).catch((error: unknown) => driver.failed(error));
    } catch (error) {
      driver.failed(error);
    }
  }

  /** Whatever else goes wrong on the way is the server's own fault, and the log's to know. */
  #refusal(error: unknown): HandshakeError {
    if (error instanceof HandshakeError) return error;
    this.#surroundings.logger.error("websocket/handshake-failed", { error: String(error) });
    return new HandshakeError("handshake/internal");
  }
}
