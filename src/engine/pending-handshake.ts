import type { Socket } from "node:net";
import type { Clock, Timer } from "../kernel/clock.js";
import type { Logger } from "../kernel/logger.js";
import { HandshakeError } from "../protocol/errors.js";
import type { Counted } from "./connection-count.js";
import type { HandshakeRefusal } from "./options.js";
import { refuseUpgrade } from "../protocol/server-handshake.js";

/** How long a refused peer may take to read the refusal. */
const LINGER_MS = 1000;

export interface PendingHandshakeOptions {
  readonly socket: Socket;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly timeoutMs: number;
  /** Told when it is refused. */
  readonly onRefused?: ((refusal: HandshakeRefusal) => void) | undefined;
  /** Told when the connection became a socket, or when it is gone. */
  readonly onEnded: (handshake: PendingHandshake) => void;
}

/** A connection between its first byte and the answer to its request. It is answered once, in time. */
export class PendingHandshake {
  readonly socket: Socket;
  /** Where the connection comes from, and once a proxy's request has said it, the client. */
  address: string;
  readonly counted: Counted = {};
  readonly #options: PendingHandshakeOptions;
  readonly #timer: Timer;
  #onData: ((chunk: Uint8Array) => void) | undefined;
  #isDecided = false;

  constructor(options: PendingHandshakeOptions) {
    const { clock, socket, timeoutMs } = options;
    this.socket = socket;
    this.address = socket.remoteAddress ?? "local";
    this.#options = options;
    this.#timer = clock.schedule(timeoutMs, () => this.refuse(new HandshakeError("handshake/timeout")));
    socket.on("error", this.#onError);
    socket.on("close", this.#onClose);
  }

  /** Answer with 101; false when the peer has gone or was answered already. */
  accept(response: Uint8Array): boolean {
    if (this.#isDecided) return false;
    this.#decide();
    this.#options.onEnded(this);
    this.socket.write(response);
    return true;
  }

  /** Hear what the peer sends. */
  listen(onData: (chunk: Uint8Array) => void): void {
    this.#onData = onData;
    this.socket.on("data", onData);
  }

  /**
   * Take the listeners off an accepted connection that has others by now: the last one of an event must not go, for then
   * Node keeps a socket's listeners in 390 bytes more from then on.
   */
  letGo(): void {
    this.socket.off("error", this.#onError);
    this.socket.off("close", this.#onClose);
    if (this.#onData !== undefined) this.socket.off("data", this.#onData);
  }

  /** Answer with the error's HTTP status, then drop the connection; what the peer still sends is not looked at. */
  refuse(error: HandshakeError): void {
    if (this.#isDecided) return;
    this.#decide();
    const { clock, logger, onRefused } = this.#options;
    onRefused?.({ address: this.address, code: error.code, status: error.status });
    logger.warn("websocket/handshake-refused", {
      address: this.address,
      code: error.code,
      status: error.status,
      message: error.message,
    });
    const linger = clock.schedule(LINGER_MS, () => this.socket.destroy());
    this.socket.on("close", () => linger.cancel());
    this.socket.removeAllListeners("data");
    this.socket.end(refuseUpgrade(error));
    this.socket.resume();
  }

  /** Resolves when the connection is gone. */
  ended(): Promise<void> {
    return new Promise((resolve) => {
      if (this.socket.closed) resolve();
      else this.socket.once("close", () => resolve());
    });
  }

  #decide(): void {
    this.#isDecided = true;
    this.#timer.cancel();
  }

  readonly #onError = (error: Error): void => {
    this.#options.logger.debug("websocket/handshake-cut", { address: this.address, error: error.message });
  };

  readonly #onClose = (): void => {
    this.#decide();
    this.#options.onEnded(this);
  };
}
