import type { BusbarError } from "../../kernel/errors.js";

/** What is under a socket of Node: it reads and writes in place of the socket, which tells all else. */
export interface RawStream {
  /** Hand what is read to `onBytes`, which may use it until it returns. All else, and what was read before, the socket tells. */
  listen(onBytes: (chunk: Uint8Array) => void): void;
  /** `done` is called once, at once or later, with an error where not everything was written. */
  write(pieces: readonly Uint8Array[], done: (error?: BusbarError) => void): void;
  /** Together with the socket itself, and before it. */
  pause(): void;
  /** Together with the socket itself, and behind it. */
  resume(): void;
}
