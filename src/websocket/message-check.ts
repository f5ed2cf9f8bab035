import { BusbarError } from "../kernel/errors.js";

/**
 * Stop what is neither text nor bytes, for a program without types may pass anything: an ArrayBuffer has no length that
 * a frame could be written with.
 *
 * @throws BusbarError `websocket/not-a-message`.
 */
export function requireMessage(data: string | Uint8Array): void {
  if (typeof data === "string" || data.BYTES_PER_ELEMENT === 1) return;
  throw new BusbarError("websocket/not-a-message", "only text and bytes (a Uint8Array) can be sent");
}

/**
 * Stop a close reason that is no text: bytes of another kind would be found out only when the frame is written, which
 * nobody waits for.
 *
 * @throws BusbarError `websocket/not-a-message`.
 */
export function requireReason(reason: unknown): void {
  if (typeof reason === "string") return;
  throw new BusbarError("websocket/not-a-message", "the reason of a close is text");
}
