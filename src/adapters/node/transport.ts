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
    socket.setTimeout(0);
    socket.setNoDelay(true);
    socket.on("error", (error) => {
      this.#error = transportError(error);
    });
    socket.on("close", () => listener.transportClosed(this.#error));
    socket.on("end", () => listener.peerEnded());
    if (early.length > 0) listener.bytesReceived(early);
    socket.on("data", (chunk: Uint8Array) => listener.bytesReceived(chunk));
    socket.resume();
  }

  write(pieces: readonly Uint8Array[], done: (error?: BusbarError) => void): void {
    const socket = this.#socket;
    const last = pieces.length - 1;
    if (last > 0) socket.cork();
    for (let index = 0; index < last; index++) socket.write(pieces[index] ?? "");
    socket.write(pieces[last] ?? "", (error) => done(error ? transportError(error) : undefined));
    if (last > 0) socket.uncork();
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
