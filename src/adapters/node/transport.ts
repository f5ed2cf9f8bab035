import type { Socket } from "node:net";
import { BusbarError } from "../../kernel/errors.js";
import type { Transport, TransportListener } from "../../websocket/ports.js";

/** A TCP, TLS or Unix socket of Node as a transport. */
export class NodeTransport implements Transport {
  readonly #socket: Socket;
  readonly remoteAddress: string;
  #error: BusbarError | undefined;

  constructor(socket: Socket) {
    this.#socket = socket;
    this.remoteAddress = socket.remoteAddress ?? "local";
  }

  /** Begin to tell `listener`, first what had been read before. The socket must have no other listeners for data. */
  listen(listener: TransportListener, early: Uint8Array): void {
    const socket = this.#socket;
    // A peer that has ended its direction still gets what waits for it, such as the answer to its close frame.
    socket.allowHalfOpen = true;
    socket.setTimeout(0);
    socket.setNoDelay(true);
    socket.on("error", (error) => {
      this.#error = transportError(error);
    });
    socket.on("close", () => listener.transportClosed(this.#error));
    socket.on("end", () => listener.peerEnded());
    socket.on("data", (chunk: Uint8Array) => listener.bytesReceived(chunk));
    // Before the early bytes, which may lead to a pause.
    socket.resume();
    if (early.length > 0) listener.bytesReceived(early);
    if (socket.readableEnded) listener.peerEnded();
  }

  write(pieces: readonly Uint8Array[], done: (error?: BusbarError) => void): void {
    const socket = this.#socket;
    const written = (error?: Error | null): void => {
      // Node tells of no error where a socket was destroyed under its write.
      const cause = error ?? (socket.destroyed ? new Error("it was dropped") : undefined);
      done(cause && transportError(cause));
    };
    let left = pieces.length;
    if (left > 1) socket.cork();
    for (const piece of pieces) socket.write(piece, --left === 0 ? written : undefined);
    if (pieces.length > 1) socket.uncork();
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  end(): void {
    this.#socket.end();
  }

  destroy(): void {
    this.#socket.destroy();
  }
}

function transportError(cause: Error): BusbarError {
  return new BusbarError("transport/failed", `the connection failed: ${cause.message}`, {
    retryable: true,
    cause,
  });
}
