import { Buffer, isUtf8 } from "node:buffer";
import type { TextCodec } from "../../kernel/text-codec.js";

let lastBytes: Uint8Array | undefined;
let lastBuffer: Buffer = Buffer.alloc(0);

/** A Buffer on the same memory; the last one is kept, for frames of one chunk are decoded one after the other. */
function bufferOn(bytes: Uint8Array): Buffer {
  if (bytes instanceof Buffer) return bytes;
  if (bytes !== lastBytes) {
    lastBytes = bytes;
    lastBuffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  }
  return lastBuffer;
}

/** UTF-8 by Node's own native code. */
export const nodeTextCodec: TextCodec = {
  isUtf8(bytes, start, end) {
    return isUtf8(bytes.subarray(start, end));
  },
  decode(bytes, start, end) {
    return bufferOn(bytes).toString("utf8", start, end);
  },
  byteLength(text) {
    return Buffer.byteLength(text, "utf8");
  },
  encodeInto(text, target, offset) {
    return bufferOn(target).write(text, offset, "utf8");
  },
};
