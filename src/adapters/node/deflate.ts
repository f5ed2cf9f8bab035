import { promisify } from "node:util";
import { constants, deflateRaw, deflateRawSync, inflateRaw, inflateRawSync, type ZlibOptions } from "node:zlib";
import { BusbarError } from "../../kernel/errors.js";
import type { Deflate, DeflateOptions, Inflation, InflateOptions } from "../../websocket/ports.js";
import { failedInflation, Inflating } from "./inflating.js";
import { JobLimiter } from "./job-limiter.js";

const deflateRawAsync = promisify(deflateRaw);
const inflateRawAsync = promisify(inflateRaw);

/** Up to this size a message is worked on at once: handing it to another thread would cost more than that. */
const AT_ONCE_BYTES_MAX = 16 * 1024;
/** What a small message may inflate to at once; what turns out larger is begun anew in another thread. */
const INFLATED_AT_ONCE_BYTES_MAX = 64 * 1024;
/** Node's pool has four threads, for the whole process; files and DNS need some of them, too. */
const JOBS_MAX = 2;
const jobs = new JobLimiter(JOBS_MAX);

/** A flush ends with an empty stored block, of which four bytes are not sent (RFC 7692, 7.2.1). */
const FLUSH_TAIL_BYTES = 4;

export interface NodeDeflateOptions {
  /** zlib's level, 1 (fastest) to 9 (smallest). */
  readonly level: number;
}

/** DEFLATE by Node's zlib. Each message is a job of its own: no connection holds a compressor. */
export class NodeDeflate implements Deflate {
  readonly #level: number;

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
    if (payload.length > AT_ONCE_BYTES_MAX) return jobs.run(() => deflateElsewhere(payload, zlibOptions));
    try {
      return withoutTail(deflateRawSync(payload, zlibOptions));
    } catch (error) {
      throw deflateError(error);
    }
  }

  inflate(payload: Uint8Array, options: InflateOptions): Inflation | Promise<Inflation> {
    if (payload.length > AT_ONCE_BYTES_MAX) return jobs.run(() => inflateElsewhere(payload, options));
    const atOnceMax = Math.min(options.bytesMax, INFLATED_AT_ONCE_BYTES_MAX);
    const inflation = inflateAtOnce(payload, { ...options, bytesMax: atOnceMax });
    const mayBeLonger = inflation === "too-large" && atOnceMax < options.bytesMax;
    return mayBeLonger ? jobs.run(() => inflateElsewhere(payload, options)) : inflation;
  }
}

async function deflateElsewhere(payload: Uint8Array, options: ZlibOptions): Promise<Uint8Array> {
  try {
    return withoutTail(await deflateRawAsync(payload, options));
  } catch (error) {
    throw deflateError(error);
  }
}

function inflateAtOnce(payload: Uint8Array, options: InflateOptions): Inflation {
  const inflating = new Inflating(payload, options);
  try {
    while (!inflating.isDone) inflating.take(inflateRawSync(inflating.input, inflating.zlibOptions));
    return inflating.inflation;
  } catch (error) {
    return failedInflation(error);
  }
}

async function inflateElsewhere(payload: Uint8Array, options: InflateOptions): Promise<Inflation> {
  const inflating = new Inflating(payload, options);
  try {
    while (!inflating.isDone) inflating.take(await inflateRawAsync(inflating.input, inflating.zlibOptions));
    return inflating.inflation;
  } catch (error) {
    return failedInflation(error);
  }
}

function deflateError(cause: unknown): BusbarError {
  return new BusbarError("deflate/failed", "a message could not be compressed", { cause });
}

function withoutTail(deflated: Uint8Array): Uint8Array {
  return deflated.subarray(0, deflated.length - FLUSH_TAIL_BYTES);
}
