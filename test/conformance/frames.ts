/** Frames written and read for the tests alone, independently of the engine. */

export const CONTINUATION = 0x0;
export const TEXT = 0x1;
export const BINARY = 0x2;
export const CLOSE = 0x8;
export const PING = 0x9;
export const PONG = 0xa;

export interface TestFrame {
  readonly opcode: number;
  readonly payload?: string | Uint8Array;
  readonly isFinal?: boolean;
  /** The three reserved bits, RSV1 the highest. */
  readonly reserved?: number;
  /** Bytes of the extended length: 0, 2 or 8; the shortest form where it is not given. */
  readonly lengthBytes?: 0 | 2 | 8;
}

const KEY = Buffer.from([0x37, 0xfa, 0x21, 0x3d]);

/** The bytes of a frame as a client or a server sends it. */
export function encodeFrame(frame: TestFrame, sender: "client" | "server"): Buffer {
  const payload = Buffer.from(typeof frame.payload === "string" ? frame.payload : (frame.payload ?? []));
  const isMasked = sender === "client";
  const shortest = payload.length < 126 ? 0 : payload.length < 65_536 ? 2 : 8;
  const lengthBytes = frame.lengthBytes ?? shortest;
  const head = Buffer.alloc(2 + lengthBytes);
  head[0] = (frame.isFinal === false ? 0 : 0x80) | ((frame.reserved ?? 0) << 4) | frame.opcode;
  head[1] = (isMasked ? 0x80 : 0) | (lengthBytes === 0 ? payload.length : lengthBytes === 2 ? 126 : 127);
  if (lengthBytes === 2) head.writeUInt16BE(payload.length, 2);
  if (lengthBytes === 8) head.writeBigUInt64BE(BigInt(payload.length), 2);
  if (!isMasked) return Buffer.concat([head, payload]);
  return Buffer.concat([head, KEY, Buffer.from(payload.map((byte, index) => byte ^ (KEY[index % 4] ?? 0)))]);
}

export function encodeFrames(frames: readonly TestFrame[], sender: "client" | "server"): Buffer {
  return Buffer.concat(frames.map((frame) => encodeFrame(frame, sender)));
}

/** A frame that the engine sent. */
export interface SentFrame {
  readonly opcode: number;
  readonly isCompressed: boolean;
  readonly payload: Buffer;
}

/** Take frames apart; what is left over or not minimal is an error of the engine. */
export function decodeFrames(bytes: Buffer, sender: "client" | "server"): SentFrame[] {
  const frames: SentFrame[] = [];
  let at = 0;
  while (at < bytes.length) {
    const first = bytes.readUInt8(at);
    const second = bytes.readUInt8(at + 1);
    if ((first & 0x80) === 0) throw new Error("the engine sends messages in one frame");
    if (((second & 0x80) !== 0) !== (sender === "client")) throw new Error("the mask bit is wrong");
    const short = second & 0x7f;
    const lengthBytes = short === 126 ? 2 : short === 127 ? 8 : 0;
    const length =
      lengthBytes === 0 ? short : bytes.readUIntBE(at + (lengthBytes === 2 ? 2 : 4), lengthBytes === 2 ? 2 : 6);
    const keyAt = at + 2 + lengthBytes;
    const start = sender === "client" ? keyAt + 4 : keyAt;
    if (start + length > bytes.length) throw new Error("a frame is not whole");
    const payload = Buffer.from(bytes.subarray(start, start + length));
    if (sender === "client") {
      const key = bytes.subarray(keyAt, start);
      payload.forEach((byte, index) => (payload[index] = byte ^ (key[index % 4] ?? 0)));
    }
    frames.push({ opcode: first & 0x0f, isCompressed: (first & 0x40) !== 0, payload });
    at = start + length;
  }
  return frames;
}
