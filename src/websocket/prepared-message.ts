import type { Frame, FrameWriter } from "../protocol/frame-writer.js";
import { messageOpcode } from "../protocol/frame-writer.js";
import type { Deflate } from "./ports.js";

type Pieces = readonly Uint8Array[];

/**
 * A message that is framed once, and compressed once for each window size, for any number of a server's sockets.
 *
 * Bytes that are given must not change any more.
 */
export class PreparedMessage {
  readonly data: string | Uint8Array;
  #plain: Pieces | undefined;
  #deflated: Map<number, Pieces | Promise<Pieces>> | undefined;

  constructor(data: string | Uint8Array) {
    this.data = data;
  }

  /** The message's frame, from a writer that does not mask. */
  plain(writer: FrameWriter): Pieces {
    this.#plain ??= writePieces(writer, { opcode: messageOpcode(this.data), payload: this.data });
    return this.#plain;
  }

  /** The frame of the message's compressed form, which no earlier message is needed to inflate. */
  deflated(options: PreparedDeflateOptions): Pieces | Promise<Pieces> {
    this.#deflated ??= new Map();
    const { windowBits } = options;
    let pieces = this.#deflated.get(windowBits);
    if (pieces === undefined) {
      pieces = this.#deflate(options, this.#deflated);
      this.#deflated.set(windowBits, pieces);
    }
    return pieces;
  }

  async #deflate(options: PreparedDeflateOptions, done: Map<number, Pieces | Promise<Pieces>>): Promise<Pieces> {
    const { deflate, payload, windowBits, writer } = options;
    const deflated = await deflate.deflate(payload, { windowBits, dictionary: undefined });
    const pieces = writePieces(writer, {
      opcode: messageOpcode(this.data),
      payload: deflated,
      isCompressed: true,
    });
    done.set(windowBits, pieces);
    return pieces;
  }
}

export interface PreparedDeflateOptions {
  readonly deflate: Deflate;
  /** The message's bytes. */
  readonly payload: Uint8Array;
  readonly windowBits: number;
  readonly writer: FrameWriter;
}

function writePieces(writer: FrameWriter, frame: Frame): Pieces {
  const pieces: Uint8Array[] = [];
  writer.write(frame, pieces);
  return pieces;
}
