import type { Clock, Timer } from "../kernel/clock.js";
import type { Logger } from "../kernel/logger.js";
import { HandshakeError } from "../protocol/errors.js";
import { HttpHeadReader, type Head, type HeadLimits } from "../protocol/http-head.js";
import { refuseUpgrade } from "../protocol/server-handshake.js";
import type { Transport, TransportListener, WriteListener } from "../websocket/ports.js";
import type { Counted } from "./connection-count.js";
import type { HandshakeRefusal } from "./options.js";

/** How long a refused peer may take to read the refusal. */
const LINGER_MS = 1000;

const nobody: WriteListener = { written: () => {} };

/** What is the same for all handshakes of a server. */
export interface HandshakeOwner {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly limits: HeadLimits & { readonly handshakeTimeoutMs: number };
  /** Told when one is refused. */
  readonly onRefused?: ((refusal: HandshakeRefusal) => void) | undefined;
  /** A request has come; the transport is paused. @throws HandshakeError where it is to be refused. */
  requestCame(handshake: PendingHandshake, head: Head): void;
  /** The connection is gone, and was no socket. */
  handshakeEnded(handshake: PendingHandshake): void;
}

/** A connection between its first byte and the answer to its request. It is answered once, in time. */
export class PendingHandshake implements TransportListener, Counted {
  readonly transport: Transport;
  /** Where the connection comes from, and once a proxy's request has said it, the client. */
  from: string;
  /** What it is counted for. */
  address: string | undefined;
  readonly #owner: HandshakeOwner;
  #timer: Timer;
  #reader: HttpHeadReader | undefined;
  #isDecided = false;
  #hasPeerEnded = false;
  #isOver = false;
  readonly #onOver: (() => void)[] = [];

  constructor(transport: Transport, owner: HandshakeOwner) {
    this.transport = transport;
    this.from = transport.remoteAddress;
    this.#owner = owner;
    this.#timer = owner.clock.schedule(owner.limits.handshakeTimeoutMs, () =>
      this.refuse(new HandshakeError("handshake/timeout")),
    );
  }

  /** Whether the peer has ended its direction, which whoever listens next is not told. */
  get hasPeerEnded(): boolean {
    return this.#hasPeerEnded;
  }

  /** Read the request. */
  read(): void {
    this.#reader = new HttpHeadReader("request", this.#owner.limits);
    this.transport.listen(this);
  }

  /** Answer with 101; false when the peer has gone or was answered already. Somebody else listens from then on. */
  accept(response: Uint8Array): boolean {
    if (this.#isDecided) return false;
    this.#decide();
    this.transport.write([response], nobody);
    return true;
  }

  /** Answer with the error's HTTP status, then drop the connection; what the peer still sends is not looked at. */
  refuse(error: HandshakeError): void {
    if (this.#isDecided) return;
    this.#decide();
    try {
      this.#answer(error);
    } catch (cause) {
      this.drop(cause);
    }
  }

  /** Drop the connection: something went wrong that has nothing to do with the peer. */
  drop(cause: unknown): void {
    this.transport.destroy();
    this.#owner.logger.error("websocket/handshake-failed", { error: String(cause) });
  }

  #answer(error: HandshakeError): void {
    const { clock, logger } = this.#owner;
    const { transport } = this;
    this.#owner.onRefused?.({ address: this.from, code: error.code, status: error.status });
    logger.warn("websocket/handshake-refused", {
      address: this.from,
      code: error.code,
      status: error.status,
      message: error.message,
    });
    this.#timer = clock.schedule(LINGER_MS, () => transport.destroy());
    transport.listen(this);
    const written = (): void => transport.end();
    if (transport.write([refuseUpgrade(error)], { written })) written();
    transport.resume();
  }

  bytesReceived(chunk: Uint8Array): void {
    if (this.#isDecided) return;
    try {
      const head = this.#reader?.push(chunk);
      if (head === undefined) return;
      this.#reader = undefined;
      this.transport.pause();
      this.#owner.requestCame(this, head);
    } catch (error) {
      this.refuse(this.failed(error));
    }
  }

  /** Whatever else goes wrong on the way is the server's own fault, and the log's to know. */
  failed(error: unknown): HandshakeError {
    if (error instanceof HandshakeError) return error;
    this.#owner.logger.error("websocket/handshake-failed", { error: String(error) });
    return new HandshakeError("handshake/internal");
  }

  peerEnded(): void {
    this.#hasPeerEnded = true;
    // Half a request will not become a whole one.
    if (this.#reader !== undefined) this.transport.destroy();
  }

  transportClosed(error?: Error): void {
    this.#decide();
    this.#isOver = true;
    if (error !== undefined) {
      this.#owner.logger.debug("websocket/handshake-cut", { address: this.from, error: error.message });
    }
    this.#timer.cancel();
    for (const over of this.#onOver) over();
    this.#owner.handshakeEnded(this);
  }

  /** Resolves when the connection is gone. */
  ended(): Promise<void> {
    return new Promise((resolve) => {
      if (this.#isOver) resolve();
      else this.#onOver.push(resolve);
    });
  }

  #decide(): void {
    this.#isDecided = true;
    this.#timer.cancel();
  }
}
