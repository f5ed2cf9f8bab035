import type { WriteListener } from "../../websocket/ports.js";

/** What is under a socket of Node: it reads and writes in place of the socket, which tells all else. */
export interface RawStream {
  /** Hand what is read to `onBytes`, which may use it until it returns. All else, and what was read before, the socket tells. */
  listen(onBytes: (chunk: Uint8Array) => void): void;
  /** True: all is written. Otherwise `listener` is told once, later, with an error where it never will be. */
  write(pieces: readonly Uint8Array[], listener: WriteListener): boolean;
  /** Together with the socket itself, and before it. */
  pause(): void;
  /** Together with the socket itself, and behind it. */
  resume(): void;
}
