import { constants, deflateRaw, deflateRawSync, inflateRaw, inflateRawSync, type ZlibOptions } from "node:zlib";
import { BusbarError } from "../../kernel/errors.js";
import type { Inflation } from "../../protocol/connection.js";
import type { Deflate, DeflateOptions, InflateOptions } from "../../websocket/ports.js";
import { JobLimiter } from "./job-limiter.js";

/** Up to this size a message is worked on at once: handing it to another thread would cost more than that. */
const AT_ONCE_BYTES_MAX = 16 * 1024;
/** What a small message may inflate to at once; what turns out larger is begun anew in another thread. */
const INFLATED_AT_ONCE_BYTES_MAX = 64 * 1024;
/** Node's pool has four threads; files and DNS need some of them, too. */
const JOBS_MAX = 2;

/** A flush ends with an empty stored block, which is not sent (RFC 7692, 7.2.1). */
const FLUSH_TAIL = new Uint8Array([0x00, 0x00, 0xff, 0xff]);
/** Every window that a peer may use fits into the largest one. */
const INFLATE_WINDOW_BITS = 15;

export interface NodeDeflateOptions {
  /** zlib's level, 1 (fastest) to 9 (smallest). */
  readonly level: number;
}

/** DEFLATE by Node's zlib. Each message is a job of its own: no connection holds a compressor. */
export class NodeDeflate implements Deflate {
  readonly #level: number;
  readonly #jobs = new JobLimiter(JOBS_MAX);

  constructor(options: NodeDeflateOptions) {
    this.#level = options.level;
  }

  deflate(payload: Uint8Array, options: DeflateOptions): Uint8Array | Promise<Uint8Array> {
    const zlibOptions: ZlibOptions = {
      level: this.#level,
      windowBits: options.windowBits,
      finishFlush: constants.Z_SYNC_FLUSH,
      ...(options.dictionary && { dictionary: options.dictionary }),
    };
    if (payload.length <= AT_ONCE_BYTES_MAX) return withoutTail(deflateRawSync(payload, zlibOptions));
    return this.#jobs.run(
      () =>
        new Promise((resolve, reject) => {
          deflateRaw(payload, zlibOptions, (error, result) => {
            if (error === null) resolve(withoutTail(result));
            else
              reject(
                new BusbarError("deflate/failed", "a message could not be compressed", {
                  cause: error,
                }),
              );
          });
        }),
    );
  }

  inflate(payload: Uint8Array, options: InflateOptions): Inflation | Promise<Inflation> {
    const input = new Uint8Array(payload.length + FLUSH_TAIL.length);
    input.set(payload);
    input.set(FLUSH_TAIL, payload.length);
    if (payload.length > AT_ONCE_BYTES_MAX) return this.#inflateElsewhere(input, options);
    const atOnceMax = Math.min(options.bytesMax, INFLATED_AT_ONCE_BYTES_MAX);
    const inflation = inflateAtOnce(input, inflateOptions({ ...options, bytesMax: atOnceMax }));
    const mayBeLonger = inflation === "too-large" && atOnceMax < options.bytesMax;
    return mayBeLonger ? this.#inflateElsewhere(input, options) : inflation;
  }

  #inflateElsewhere(input: Uint8Array, options: InflateOptions): Promise<Inflation> {
    return this.#jobs.run(
      () =>
        new Promise((resolve) => {
          inflateRaw(input, inflateOptions(options), (error, result) => {
            resolve(error === null ? result : failedInflation(error));
          });
        }),
    );
  }
}

function inflateOptions(options: InflateOptions): ZlibOptions {
  return {
    windowBits: INFLATE_WINDOW_BITS,
    finishFlush: constants.Z_SYNC_FLUSH,
    // zlib takes a limit of at least one byte, and tells of one byte too many.
    maxOutputLength: Math.max(1, options.bytesMax),
    ...(options.dictionary && { dictionary: options.dictionary }),
  };
}

function inflateAtOnce(input: Uint8Array, options: ZlibOptions): Inflation {
  try {
    return inflateRawSync(input, options);
  } catch (error) {
    return failedInflation(error);
  }
}

function failedInflation(error: unknown): Inflation {
  return error instanceof RangeError && "code" in error && error.code === "ERR_BUFFER_TOO_LARGE"
    ? "too-large"
    : "invalid";
}

function withoutTail(deflated: Uint8Array): Uint8Array {
  return deflated.subarray(0, deflated.length - FLUSH_TAIL.length);
}
