import type { Clock } from "../kernel/clock.js";
import type { Random } from "../kernel/random.js";

/** How a socket ended. 1006 where nothing was said, or where it never opened (RFC 6455, 7.1.5). */
export interface SocketClose {
  readonly code: number;
  readonly reason: string;
  /** What a refused handshake's `Retry-After` asked for, where the runtime tells it. */
  readonly retryAfterMs?: number;
}

/** What a socket tells the one who opened it. */
export interface SocketListener {
  socketOpened(): void;
  /** A text message came. A binary one is told as `undefined`: `busbar.v1` has none. */
  messageReceived(text: string | undefined): void;
  /** The socket is gone, or could not be opened. Called once; nothing follows. */
  socketClosed(close: SocketClose): void;
}

/** One WebSocket of a client. */
export interface ClientSocket {
  /** Send a text message. Only called between `socketOpened` and `socketClosed`; never throws. */
  send(text: string): void;
  /**
   * Begin to close, opened or not, with 1000 or a code of 4000 to 4999. Whether and when `socketClosed` follows does
   * not matter.
   */
  close(code: number): void;
}

/** The port for WebSockets. */
export interface SocketFactory {
  /**
   * Begin to open a WebSocket with this subprotocol.
   *
   * The listener is called later, never before this returns. What goes wrong is told by `socketClosed`.
   */
  open(url: string, subprotocol: string, listener: SocketListener): ClientSocket;
}

/**
 * What the machine or the browser says about the network and the page.
 *
 * `offline`: no socket lives on, and no attempt is worth much; `online`: trying is worth it at once. `left`: the page is
 * left, or put away frozen; `returned`: it was taken out again. `hidden`: nobody looks at the page, and its timers run
 * late; `visible`: somebody looks at it again.
 */
export type SurroundingsEvent = "offline" | "online" | "left" | "returned" | "hidden" | "visible";

/** The port for news of the surroundings. */
export interface Surroundings {
  /** Returns the function that ends it. The listener may be called before this returns. */
  watch(listener: (event: SurroundingsEvent) => void): () => void;
}

/** All that a client needs from where it runs. */
export interface ClientPorts {
  readonly sockets: SocketFactory;
  readonly clock: Clock;
  readonly random: Random;
  readonly surroundings: Surroundings;
  /** Takes what a listener of the application threw: to be thrown again where nothing of busbar stands above it. */
  readonly reportDefect: (error: unknown) => void;
}
