import type { PreparedMessage } from "../websocket/prepared-message.js";

/**
 * The port for a session's connection: one WebSocket, later one of any transport.
 *
 * Whoever owns both tells the session what the link receives, when everything buffered has left (`drained`), and when
 * the link is gone (`closed`).
 */
export interface Link {
  /** Bytes that were sent and that the network has not taken. */
  readonly bufferedBytes: number;
  /** Send a message; false, and nothing is sent, when too much is buffered already or the link is closing. */
  send(message: PreparedMessage): boolean;
  /** Close the link behind what was sent. Does nothing when it is closing. */
  close(code: number, reason: string): void;
}
