import { EventEmitter } from "node:events";
import type { IncomingMessage, Server, ServerOptions, ServerResponse } from "node:http";
import { Server as HttpsServer } from "node:https";
import type { Socket } from "node:net";
import type { HandshakeRefusal, Limits } from "../engine/options.js";
import type { Logger } from "../kernel/logger.js";
import { HandshakeError, type HandshakeErrorCode } from "../protocol/errors.js";
import { refuseUpgrade } from "../protocol/server-handshake.js";
import { Deadlines } from "./deadlines.js";
import type { HttpHandler } from "./options.js";

/** What of the limits on sockets a server of HTTP keeps before a socket is one. */
export type HttpLimits = Pick<Limits, "connectionsMax" | "handshakeTimeoutMs" | "headBytesMax" | "headersMax">;

/** How many connections beyond `connectionsMax` are told that they are too many; any more are dropped. */
const REFUSED_AT_ONCE_MAX = 1000;

/** How long a peer may take to read a refusal, or an answer that came before the end of its request. */
const LINGER_MS = 500;

/** Timeouts are looked for so often in the time that they give. */
const CHECKS_PER_TIMEOUT = 10;

/** What Node says of a request that took too long. */
const TIMED_OUT = "ERR_HTTP_REQUEST_TIMEOUT";

/** How long a request may take with its body: Node's default. */
const REQUEST_TIMEOUT_MS = 300_000;

/** Node takes whole numbers of 31 bits for sizes and times. */
const INTEGER_MAX = 2 ** 31 - 1;

/** The options of `node:http` that hold the limits on a request's head, for plain requests as for upgrades. */
export function httpOptions({ handshakeTimeoutMs, headBytesMax }: HttpLimits): ServerOptions {
  const headersTimeout = whole(handshakeTimeoutMs);
  return {
    maxHeaderSize: whole(headBytesMax),
    headersTimeout,
    requestTimeout: Math.max(headersTimeout, REQUEST_TIMEOUT_MS),
    connectionsCheckingInterval: whole(headersTimeout / CHECKS_PER_TIMEOUT),
  };
}

function whole(value: number): number {
  return Math.ceil(Math.min(value, INTEGER_MAX));
}

/** The upgrades of a server whose sockets are ours alone. */
export class Upgrades extends EventEmitter {
  readonly givesSocketsAway = true;
}

export interface HttpGuardOptions {
  readonly limits: HttpLimits;
  readonly logger: Logger;
  /** Told of each connection that is refused. */
  readonly onRefused?: ((refusal: HandshakeRefusal) => void) | undefined;
}

/**
 * Hold a server of HTTP to the limits: what exceeds one is told so in words, and its socket is destroyed.
 *
 * Node by itself leaves out the headers that are too many, and resets connections whose refusal may not have been read.
 */
export class HttpGuard {
  readonly #options: HttpGuardOptions;
  /** The connections with a request that is being answered: nothing can be said on them in between. */
  readonly #answering = new WeakSet<object>();
  readonly #refused = new WeakSet<object>();
  /** The upgrades of the server that is watched. */
  readonly upgrades: Upgrades = new Upgrades();
  /** The connections that have not asked for anything yet. */
  readonly #unasked: Deadlines<Socket>;
  /** The requests that were answered, and whose bodies nobody reads. */
  readonly #unread = new Deadlines<IncomingMessage>(LINGER_MS, (request) => {
    if (!request.complete) request.socket.destroy();
  });

  constructor(options: HttpGuardOptions) {
    this.#options = options;
    this.#unasked = new Deadlines(whole(options.limits.handshakeTimeoutMs), (socket) => {
      this.#onClientError({ code: TIMED_OUT }, socket);
    });
  }

  /** Keep watch over a server that was made with `httpOptions`. */
  watch(server: Server): void {
    const { connectionsMax, headersMax } = this.#options.limits;
    server.maxConnections = connectionsMax + REFUSED_AT_ONCE_MAX;
    // One more than may be, so that it is seen.
    server.maxHeadersCount = whole(headersMax + 1);
    server.on(server instanceof HttpsServer ? "secureConnection" : "connection", (socket: Socket) => {
      this.#expectRequest(socket);
    });
    server.on("upgrade", (request: IncomingMessage, socket: Socket, early: Buffer) => {
      this.#unasked.stop(socket);
      if (!this.upgrades.emit("upgrade", request, socket, early)) socket.destroy();
    });
    server.on("clientError", (error: NodeJS.ErrnoException, socket: Socket) => this.#onClientError(error, socket));
  }

  /** Have a handler asked only for requests within the limits. */
  around(handler: HttpHandler): HttpHandler {
    return (request, response) => {
      this.#unasked.stop(request.socket);
      this.#answering.add(request.socket);
      response.once("close", () => {
        this.#answering.delete(request.socket);
        this.#endUnread(request);
      });
      if (request.rawHeaders.length / 2 <= this.#options.limits.headersMax) return handler(request, response);
      this.#refuseRequest(request, response);
    };
  }

  /** Node counts the time of a request from its first byte: whoever sends none, or late, would have more of it. */
  #expectRequest(socket: Socket): void {
    this.#unasked.start(socket);
    socket.once("close", () => this.#unasked.stop(socket));
  }

  /**
   * End the connection of a request that was answered before its body had come, unless somebody reads that: it could take
   * as long as it likes, and nobody would know. The answer can be read before.
   */
  #endUnread(request: IncomingMessage): void {
    const isRead = request.listenerCount("data") + request.listenerCount("readable") > 0;
    if (!request.complete && !isRead) this.#unread.start(request);
  }

  #refuseRequest(request: IncomingMessage, response: ServerResponse): void {
    const error = new HandshakeError("handshake/too-many-headers");
    this.#tell(error, request.socket);
    response.writeHead(error.status, { "Content-Type": "text/plain; charset=utf-8", Connection: "close" });
    response.end(`${error.message}\n`);
  }

  /** Node tells of it for every chunk that comes behind the first. */
  #onClientError({ code = "" }: Pick<NodeJS.ErrnoException, "code">, socket: Socket): void {
    if (this.#refused.has(socket)) return;
    this.#refused.add(socket);
    const errorCode = errorCodeOf(code);
    if (errorCode === undefined || !socket.writable || this.#answering.has(socket)) return void socket.destroy();
    const error = new HandshakeError(errorCode);
    this.#tell(error, socket);
    // Whoever is slow has sent nothing that would be in the way of the refusal.
    const lingerMs = errorCode === "handshake/timeout" ? 0 : LINGER_MS;
    socket.end(refuseUpgrade(error), () => setTimeout(() => socket.destroy(), lingerMs).unref());
  }

  #tell({ code, message, status }: HandshakeError, socket: Socket): void {
    const { logger, onRefused } = this.#options;
    const address = socket.remoteAddress ?? "local";
    onRefused?.({ address, code, status });
    logger.warn("server/http-refused", { address, code, status, message });
  }
}

/** Undefined for a connection that has broken: there is nobody to tell. */
function errorCodeOf(code: string): HandshakeErrorCode | undefined {
  if (code === "HPE_HEADER_OVERFLOW") return "handshake/head-too-large";
  if (code === TIMED_OUT) return "handshake/timeout";
  return code.startsWith("HPE_") ? "handshake/malformed" : undefined;
}
