import { Buffer } from "node:buffer";
import { crc32c } from "../../kernel/crc32c.js";

/** A record begins with the CRC-32C of its key and of what follows. */
const SEAL_BYTES = 4;
const OFFSET_BYTES = 6;
const CHANNEL_BYTES = 4;

/** A message's key: those of one channel lie together, in their order. */
export function offsetKey(channel: number, offset: number): Buffer {
  const key = Buffer.allocUnsafe(CHANNEL_BYTES + OFFSET_BYTES);
  key.writeUInt32BE(channel, 0);
  key.writeUIntBE(offset, CHANNEL_BYTES, OFFSET_BYTES);
  return key;
}

export function offsetOf(key: Uint8Array): number {
  return Buffer.from(key.buffer, key.byteOffset, key.length).readUIntBE(CHANNEL_BYTES, OFFSET_BYTES);
}

/** The key of a number: numbers lie in their order. */
export function sequenceKey(sequence: number): Buffer {
  const key = Buffer.allocUnsafe(OFFSET_BYTES);
  key.writeUIntBE(sequence, 0, OFFSET_BYTES);
  return key;
}

export function sequenceOf(key: Uint8Array): number {
  return Buffer.from(key.buffer, key.byteOffset, key.length).readUIntBE(0, OFFSET_BYTES);
}

/** The key of something that a queue has under the key of a sequence: no queue's name has a zero byte. */
export function queueKey(queue: string, sequence: Uint8Array): Buffer {
  return Buffer.concat([Buffer.from(`${queue}\0`), sequence]);
}

export function queueSequenceOf(key: Uint8Array): number {
  return sequenceOf(key.subarray(-OFFSET_BYTES));
}

/** The key behind all those of a queue. */
export function behindQueueKey(queue: string): Buffer {
  return Buffer.from(`${queue}\u{1}`);
}

/** A key of something that a channel has under a name. */
export function nameKey(channel: number, name: string): Buffer {
  const key = Buffer.allocUnsafe(CHANNEL_BYTES + Buffer.byteLength(name));
  key.writeUInt32BE(channel, 0);
  key.write(name, CHANNEL_BYTES, "utf8");
  return key;
}

export function nameOf(key: Buffer): string {
  return key.toString("utf8", CHANNEL_BYTES);
}

/** The key behind all those of a channel. */
export function endKey(channel: number): Buffer {
  return nameKey(channel + 1, "");
}

/** A record of this body, which leaves room for the seal at its beginning. */
function sealed(key: Uint8Array, record: Buffer): Buffer {
  record.writeUInt32BE(crc32c(record.subarray(SEAL_BYTES), crc32c(key)), 0);
  return record;
}

/** Whether a record is as it was written, under the key that it was written for. */
export function isIntact(key: Uint8Array, record: Buffer): boolean {
  if (record.length < SEAL_BYTES) return false;
  return record.readUInt32BE(0) === crc32c(record.subarray(SEAL_BYTES), crc32c(key));
}

export interface MessageRecord {
  readonly payload: string;
  readonly from: string;
  readonly at: number;
}

export function messageRecord(key: Uint8Array, { at, from, payload }: MessageRecord): Buffer {
  const fromBytes = Buffer.byteLength(from);
  const record = Buffer.allocUnsafe(SEAL_BYTES + 10 + fromBytes + Buffer.byteLength(payload));
  record.writeDoubleBE(at, SEAL_BYTES);
  record.writeUInt16BE(fromBytes, SEAL_BYTES + 8);
  record.write(from, SEAL_BYTES + 10, "utf8");
  record.write(payload, SEAL_BYTES + 10 + fromBytes, "utf8");
  return sealed(key, record);
}

export function readMessage(record: Buffer): MessageRecord {
  const payloadAt = SEAL_BYTES + 10 + record.readUInt16BE(SEAL_BYTES + 8);
  return {
    at: record.readDoubleBE(SEAL_BYTES),
    from: record.toString("utf8", SEAL_BYTES + 10, payloadAt),
    payload: record.toString("utf8", payloadAt),
  };
}

/** A record of anything that is written as JSON. */
export function jsonRecord(key: Uint8Array, value: unknown): Buffer {
  const text = JSON.stringify(value);
  const record = Buffer.allocUnsafe(SEAL_BYTES + Buffer.byteLength(text));
  record.write(text, SEAL_BYTES, "utf8");
  return sealed(key, record);
}

export function readJson(record: Buffer): unknown {
  return JSON.parse(record.toString("utf8", SEAL_BYTES));
}

/** Where a publish is in the log, and when it was made. */
export interface OriginRecord {
  readonly offset: number;
  readonly at: number;
}

export function originRecord(key: Uint8Array, { at, offset }: OriginRecord): Buffer {
  const record = Buffer.allocUnsafe(SEAL_BYTES + OFFSET_BYTES + 8);
  record.writeUIntBE(offset, SEAL_BYTES, OFFSET_BYTES);
  record.writeDoubleBE(at, SEAL_BYTES + OFFSET_BYTES);
  return sealed(key, record);
}

export function readOrigin(record: Buffer): OriginRecord {
  return {
    offset: record.readUIntBE(SEAL_BYTES, OFFSET_BYTES),
    at: record.readDoubleBE(SEAL_BYTES + OFFSET_BYTES),
  };
}

/** The key of an origin in its window, to find it again when it is to be forgotten. */
export function windowRecord(key: Uint8Array, at: number, originName: string): Buffer {
  const record = Buffer.allocUnsafe(SEAL_BYTES + 8 + Buffer.byteLength(originName));
  record.writeDoubleBE(at, SEAL_BYTES);
  record.write(originName, SEAL_BYTES + 8, "utf8");
  return sealed(key, record);
}

export function readWindow(record: Buffer): { readonly at: number; readonly originName: string } {
  return { at: record.readDoubleBE(SEAL_BYTES), originName: record.toString("utf8", SEAL_BYTES + 8) };
}
