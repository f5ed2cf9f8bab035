import type { CompressionOptions, Limits } from "busbar/websocket";

/** What the conformance suite sends at most, with room to spare. */
export const limits: Partial<Limits> = {
  messageBytesMax: 64 * 1024 * 1024,
  fragmentsMax: Number.POSITIVE_INFINITY,
  outboxBytesMax: 256 * 1024 * 1024,
  // The suite does one thing at a time, and some of its cases keep it busy for long.
  handshakeTimeoutMs: 60_000,
};

/** Everything is compressed that can be, with whatever the other side offers. */
export const compression: CompressionOptions = { contextTakeover: true, fromBytes: 0 };
