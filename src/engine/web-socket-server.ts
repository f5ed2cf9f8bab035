import { closeCodes, mayTravel } from "../protocol/close-code.js";
import { ProtocolError } from "../protocol/errors.js";
import type { ServerSocket, SocketHost } from "./socket-host.js";

export interface WebSocketServerOptions {
  readonly host: SocketHost;
  /** The port that is listened on; undefined for a Unix socket and for a server that is attached to another. */
  readonly port: number | undefined;
  /** Where clients connect to, for a server that listens by itself. */
  readonly url: string | undefined;
  /**
   * Takes no more connections; once `drained` has resolved it drops what is left. Resolves when the last one is gone,
   * where they are this server's own.
   */
  readonly stop: (drained: Promise<void>) => Promise<void>;
}

/** A server of WebSockets that is running. */
export class WebSocketServer implements AsyncDisposable {
  readonly port: number | undefined;
  readonly url: string | undefined;
  readonly #host: SocketHost;
  readonly #stop: (drained: Promise<void>) => Promise<void>;

  constructor(options: WebSocketServerOptions) {
    this.port = options.port;
    this.url = options.url;
    this.#host = options.host;
    this.#stop = options.stop;
  }

  /** The open sockets. */
  get sockets(): ReadonlySet<ServerSocket> {
    return this.#host.sockets;
  }

  /**
   * Let nobody else in: handshakes are answered with 503 and a time to come back.
   *
   * @param retryAfterS in seconds, for whoever comes now
   */
  refuse(retryAfterS: () => number): void {
    this.#host.refuse(retryAfterS);
  }

  /**
   * Take no more connections and close those that are open; resolves when they are gone.
   *
   * @param code the close code that they are sent; 1001, "going away", by default.
   * @throws ProtocolError `send/close-code`; then nothing is closed.
   */
  async close(code: number = closeCodes.goingAway, reason = ""): Promise<void> {
    if (!mayTravel(code)) throw new ProtocolError("send/close-code", String(code));
    const drained = this.#host.close(code, reason);
    await Promise.all([this.#stop(drained), drained]);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
