import type { ClientSocket, SocketFactory, SocketListener } from "../client/ports.js";
import { connect, type ClientSocket as EngineSocket } from "../engine/connect.js";
import type { ConnectOptions } from "../engine/options.js";

/** The engine's WebSockets as the client wants them; Node 20 has none of its own. */
export function nodeSockets(options: Omit<ConnectOptions, "subprotocols" | "signal"> = {}): SocketFactory {
  return {
    open(url, subprotocol, listener) {
      const socket = new NodeSocket(listener);
      connect(url, { ...options, subprotocols: [subprotocol], signal: socket.signal }).then(
        (opened) => socket.opened(opened),
        (error: unknown) => listener.socketClosed({ code: 1006, reason: error instanceof Error ? error.message : "" }),
      );
      return socket;
    },
  };
}

class NodeSocket implements ClientSocket {
  readonly #listener: SocketListener;
  readonly #attempt = new AbortController();
  #socket: EngineSocket | undefined;

  constructor(listener: SocketListener) {
    this.#listener = listener;
  }

  /** Aborted when the socket is closed before it opened. */
  get signal(): AbortSignal {
    return this.#attempt.signal;
  }

  opened(socket: EngineSocket): void {
    if (this.signal.aborted) return this.#end(socket, 1000);
    this.#socket = socket;
    socket.on("message", (message) => {
      this.#listener.messageReceived(typeof message === "string" ? message : undefined);
    });
    this.#listener.socketOpened();
    socket.closed.then(
      ({ code, reason }) => this.#listener.socketClosed({ code, reason }),
      () => {},
    );
  }

  send(text: string): void {
    // What could not be sent is lost with the connection, and the link hears of that.
    this.#socket?.send(text).catch(() => {});
  }

  close(code: number): void {
    this.#attempt.abort();
    if (this.#socket !== undefined) this.#end(this.#socket, code);
  }

  #end(socket: EngineSocket, code: number): void {
    socket.close(code).catch(() => {});
  }
}
