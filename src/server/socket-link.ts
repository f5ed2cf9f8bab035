import type { ServerSocket } from "../engine/socket-host.js";
import type { Link } from "../session/link.js";
import type { PreparedMessage } from "../websocket/prepared-message.js";

/** A session's link over one of the engine's sockets. */
export class SocketLink implements Link {
  readonly #socket: ServerSocket;
  readonly #onFailure: (error: unknown) => void;

  /** @param onFailure takes what kept a socket from closing: a defect */
  constructor(socket: ServerSocket, onFailure: (error: unknown) => void) {
    this.#socket = socket;
    this.#onFailure = onFailure;
  }

  get bufferedBytes(): number {
    return this.#socket.bufferedBytes;
  }

  send(message: PreparedMessage): boolean {
    return this.#socket.offer(message);
  }

  close(code: number, reason: string): void {
    this.#socket.close(code, reason).catch(this.#onFailure);
  }
}
