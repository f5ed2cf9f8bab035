import { Buffer, isUtf8 } from "node:buffer";
import type { TextCodec } from "../../kernel/text-codec.js";

/** A Buffer on the same memory, for those bytes that did not come from a socket. */
function bufferOn(bytes: Uint8Array): Buffer {
  if (Buffer.isBuffer(bytes)) return bytes;
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
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
