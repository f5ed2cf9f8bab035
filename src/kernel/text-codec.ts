/**
 * The port for turning text into UTF-8 and back, and for the memory that it is written into: each runtime has fast ways of its
 * own.
 *
 * A lone surrogate in a string is written as U+FFFD (3 bytes), and `byteLength` counts it so.
 */
export interface TextCodec {
  /** Whether `bytes` from `start` to before `end` are well-formed UTF-8 (Unicode 15, table 3-7). */
  isUtf8(bytes: Uint8Array, start: number, end: number): boolean;
  /** The text of well-formed UTF-8 from `start` to before `end`; a byte order mark is kept. */
  decode(bytes: Uint8Array, start: number, end: number): string;
  /** How many bytes `text` takes in UTF-8. */
  byteLength(text: string): number;
  /** Write `text` at `offset`, as many whole characters of it as fit. Returns the bytes written. */
  encodeInto(text: string, target: Uint8Array, offset: number): number;
  /** Memory for `size` bytes. Its content is not defined: it may be somebody else's, so that all of it has to be written. */
  allocate(size: number): Uint8Array;
}

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
const strictDecoder = new TextDecoder("utf-8", { ignoreBOM: true, fatal: true });

/** The codec for any runtime, on the Encoding standard alone. */
export const portableTextCodec: TextCodec = {
  isUtf8(bytes, start, end) {
    try {
      strictDecoder.decode(bytes.subarray(start, end));
      return true;
    } catch {
      return false;
    }
  },
  decode(bytes, start, end) {
    return decoder.decode(bytes.subarray(start, end));
  },
  byteLength(text) {
    let length = text.length;
    for (let index = 0; index < text.length; index++) {
      const unit = text.charCodeAt(index);
      if (unit < 0x80) continue;
      length++;
      if (unit < 0x800) continue;
      // The two units of a surrogate pair take four bytes together; any other unit, a lone surrogate too, takes three.
      if (isHighSurrogate(unit) && isLowSurrogate(text.charCodeAt(index + 1))) index++;
      length++;
    }
    return length;
  },
  encodeInto(text, target, offset) {
    return encoder.encodeInto(text, target.subarray(offset)).written;
  },
  allocate(size) {
    return new Uint8Array(size);
  },
};

function isHighSurrogate(unit: number): boolean {
  return (unit & 0xfc00) === 0xd800;
}

/** False for the NaN behind the end of a string, too. */
function isLowSurrogate(unit: number): boolean {
  return (unit & 0xfc00) === 0xdc00;
}
