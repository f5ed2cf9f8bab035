import type { BusbarError } from "../kernel/errors.js";
import type { CloseInfo } from "./closing.js";

export type { CloseInfo };

/** What a socket tells, and with what. */
export interface WebSocketEvents {
  readonly open: undefined;
  readonly message: string | Uint8Array;
  /** What went wrong; a `close` follows. */
  readonly error: BusbarError;
  readonly close: CloseInfo;
  /** Everything that waited has been handed to the kernel. */
  readonly drain: undefined;
}
