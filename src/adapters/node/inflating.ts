import { Buffer, kMaxLength } from "node:buffer";
import type { ZlibOptions } from "node:zlib";
import { assert } from "../../kernel/errors.js";
import type { Inflation, InflateOptions } from "../../websocket/ports.js";

/** Every window that a peer may use fits into the largest one. */
const WINDOW_BITS = 15;
const WINDOW_BYTES = 1 << WINDOW_BITS;
/** What a flush ends with and a sender leaves out (RFC 7692, 7.2.2), and an empty last block to end the stream. */
const TAIL = new Uint8Array([0x00, 0x00, 0xff, 0xff, 0x03, 0x00]);
/** A message may end its stream and begin a new one as often as it likes; nobody needs it more often than this. */
const STREAMS_MAX = 64;
const NO_BYTES = new Uint8Array(0);

/** One message on its way through zlib, which takes one DEFLATE stream at a time; nearly always it is but one. */
export class Inflating {
  readonly #payloadBytes: number;
  readonly #bytesMax: number;
  #input: Uint8Array;
  #taken = 0;
  /** The end of what came before the next stream: that may refer to this message's own beginning, too. */
  #dictionary: Uint8Array | undefined;
  readonly #parts: Uint8Array[] = [];
  #outputBytes = 0;

  constructor(payload: Uint8Array, options: InflateOptions) {
    this.#payloadBytes = payload.length;
    this.#bytesMax = options.bytesMax;
    this.#dictionary = options.dictionary;
    this.#input = new Uint8Array(payload.length + TAIL.length);
    this.#input.set(payload);
    this.#input.set(TAIL, payload.length);
  }

  /** Whether all of the message was inflated. A stream that ends with the payload needs no tail. */
  get isDone(): boolean {
    return this.#taken >= this.#payloadBytes;
  }

  /** What zlib is to inflate next; it fails unless it comes to the end of a stream. */
  get input(): Uint8Array {
    return this.#input;
  }

  get zlibOptions(): ZlibOptions {
    const dictionary = this.#dictionary;
    // zlib takes a limit of at least one byte.
    const maxOutputLength = Math.min(kMaxLength, Math.max(1, this.#bytesMax - this.#outputBytes));
    return { windowBits: WINDOW_BITS, info: true, maxOutputLength, ...(dictionary && { dictionary }) };
  }

  /** The message, once it is done. */
  get inflation(): Inflation {
    if (this.#outputBytes > this.#bytesMax) return "too-large";
    const [first = NO_BYTES, ...more] = this.#parts;
    return plain(more.length === 0 ? first : Buffer.concat(this.#parts));
  }

  /** Take what zlib made of `input`. Blocks behind a last one begin at a byte's boundary (RFC 7692, 7.2.1). */
  take(result: unknown): void {
    assert(isResult(result), "zlib says how much of its input it took");
    const { buffer, engine } = result;
    this.#parts.push(buffer);
    this.#outputBytes += buffer.length;
    this.#taken += engine.bytesWritten;
    if (this.isDone) return;
    if (this.#parts.length === STREAMS_MAX) throw new RangeError(`a message has more than ${STREAMS_MAX} streams`);
    this.#input = this.#input.subarray(engine.bytesWritten);
    this.#dictionary = Buffer.concat([this.#dictionary ?? NO_BYTES, buffer.subarray(-WINDOW_BYTES)]).subarray(
      -WINDOW_BYTES,
    );
  }
}

/** Why zlib did not inflate something. */
export function failedInflation(error: unknown): Inflation {
  return error instanceof RangeError && "code" in error && error.code === "ERR_BUFFER_TOO_LARGE"
    ? "too-large"
    : "invalid";
}

interface Result {
  readonly buffer: Uint8Array;
  readonly engine: { readonly bytesWritten: number };
}

/** With `info` zlib gives its engine, too, which Node's types do not say. */
function isResult(result: unknown): result is Result {
  return typeof result === "object" && result !== null && "buffer" in result && "engine" in result;
}

/** Bytes that hold no more memory than they need, and that are no Buffer, as those of other messages are not. */
function plain(buffer: Uint8Array): Uint8Array {
  const isWhole = buffer.length === buffer.buffer.byteLength;
  return isWhole ? new Uint8Array(buffer.buffer) : new Uint8Array(buffer);
}
