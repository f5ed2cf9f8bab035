import type { Socket } from "node:net";
import { TLSSocket } from "node:tls";
import type { BusbarError } from "../../kernel/errors.js";
import type { Transport, TransportListener, WriteListener } from "../../websocket/ports.js";
import { droppedError, transportError } from "../../kernel/transport-error.js";
import { rawStreamOf } from "./handle-stream.js";
import type { RawStream } from "./raw-stream.js";

export interface NodeTransportOptions {
  /** Finds what is under the socket, which is faster; where there is nothing, the socket does all. */
  readonly streamOf?: (socket: Socket) => RawStream | undefined;
}

/** A TCP, TLS or Unix socket of Node as a transport. */
export class NodeTransport implements Transport {
  readonly #socket: Socket;
  readonly #raw: RawStream | undefined;
  readonly remoteAddress: string;
  readonly isSecure: boolean;
  #listener: TransportListener | undefined;
  #isPaused = false;
  #error: BusbarError | undefined;

  constructor(socket: Socket, { streamOf = rawStreamOf }: NodeTransportOptions = {}) {
    this.#socket = socket;
    this.#raw = streamOf(socket);
    this.remoteAddress = socket.remoteAddress ?? "local";
    this.isSecure = socket instanceof TLSSocket;
  }

  /** What had been read before is told first. The socket must have no other listeners for data. */
  listen(listener: TransportListener): void {
    const isFirst = this.#listener === undefined;
    this.#listener = listener;
    if (isFirst) this.#begin();
  }

  #begin(): void {
    const socket = this.#socket;
    // A peer that has ended its direction still gets what waits for it, such as the answer to its close frame.
    socket.allowHalfOpen = true;
    socket.setTimeout(0);
    socket.setNoDelay(true);
    socket.on("error", (error) => {
      this.#error = transportError(error);
    });
    socket.on("close", () => this.#listener?.transportClosed(this.#error));
    socket.on("end", () => this.#listener?.peerEnded());
    const onBytes = (chunk: Uint8Array): void => this.#listener?.bytesReceived(chunk);
    socket.on("data", onBytes);
    // What was read before is told by the socket, and ends are.
    this.#raw?.listen(onBytes);
    if (this.#isPaused) this.pause();
    else socket.resume();
    if (socket.readableEnded) this.#listener?.peerEnded();
  }

  write(pieces: readonly Uint8Array[], listener: WriteListener): boolean {
    const raw = this.#raw;
    if (raw !== undefined) return raw.write(pieces, listener);
    const socket = this.#socket;
    const written = (error?: Error | null): void => {
      // Node tells of no error where a socket was destroyed under its write.
      if (socket.destroyed && !error) listener.written(droppedError());
      else listener.written(error ? transportError(error) : undefined);
    };
    let left = pieces.length;
    if (left > 1) socket.cork();
    for (const piece of pieces) socket.write(piece, --left === 0 ? written : undefined);
    if (pieces.length > 1) socket.uncork();
    return false;
  }

  pause(): void {
    this.#isPaused = true;
    // Both: the socket may be about to begin reading.
    this.#raw?.pause();
    this.#socket.pause();
  }

  resume(): void {
    this.#isPaused = false;
    this.#socket.resume();
    this.#raw?.resume();
  }

  end(): void {
    this.#socket.end();
  }

  destroy(): void {
    this.#socket.destroy();
  }
}
