import type { FrameErrorCode } from "../../src/protocol/errors.js";
import { BINARY, CLOSE, CONTINUATION, PING, PONG, TEXT, type TestFrame } from "./frames.js";

/** The byte with which a broken rule shows. */
export interface FailurePoint {
  /** Which of the frames it is in. */
  readonly frame: number;
  /** Its index in the frame's header, or in its payload. */
  readonly header?: number;
  readonly payload?: number;
}

/** What the engine has to send, besides what it echoes. */
export type Answer =
  | { readonly type: "text" | "binary" | "pong"; readonly payload: string | Uint8Array }
  | { readonly type: "close"; readonly code: number | undefined };

/** One case of the suite: what the peer sends, and what an echo has to answer. */
export interface ConformanceCase {
  /** Its number in the Autobahn test suite; a letter behind it where that case has several parts. */
  readonly id: string;
  readonly title: string;
  readonly frames: readonly TestFrame[];
  /** Everything that is sent, in order, up to the end or the failure. */
  readonly answers: readonly Answer[];
  /** The rule that is broken, and the byte that shows it. Undefined where none is. */
  readonly failure?: { readonly code: FrameErrorCode; readonly at: FailurePoint };
}

export const text = (payload: string | Uint8Array): TestFrame => ({ opcode: TEXT, payload });
export const binary = (payload: Uint8Array): TestFrame => ({ opcode: BINARY, payload });
export const ping = (payload: string | Uint8Array): TestFrame => ({ opcode: PING, payload });
export const pong = (payload: string | Uint8Array): TestFrame => ({ opcode: PONG, payload });

/** A message in as many frames as it is given pieces. */
export function fragments(opcode: number, ...pieces: (string | Uint8Array)[]): TestFrame[] {
  return pieces.map((payload, index) => ({
    opcode: index === 0 ? opcode : CONTINUATION,
    payload,
    isFinal: index === pieces.length - 1,
  }));
}

export function close(code?: number, reason: string | Uint8Array = ""): TestFrame {
  if (code === undefined) return { opcode: CLOSE };
  return { opcode: CLOSE, payload: Buffer.concat([Buffer.from([code >> 8, code & 0xff]), Buffer.from(reason)]) };
}

export const echo = (payload: string): Answer => ({ type: "text", payload });
export const echoBytes = (payload: Uint8Array): Answer => ({ type: "binary", payload });
export const ponged = (payload: string | Uint8Array): Answer => ({ type: "pong", payload });
export const closed = (code?: number): Answer => ({ type: "close", code });
