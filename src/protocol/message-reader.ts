import type { TextCodec } from "../kernel/text-codec.js";
import { closeCodes, mayTravel } from "./close-code.js";
import { byteAt, NO_BYTES } from "./elements.js";
import { ProtocolError } from "./errors.js";
import { FrameHeaderReader, opcodes, type FrameHeaderOptions } from "./frame-header.js";
import { keyBehind, mask } from "./mask.js";
import { Utf8Validator } from "./utf8.js";

export interface MessageReaderOptions extends FrameHeaderOptions {
  /** The longest message in bytes. */
  readonly messageBytesMax: number;
  /** The most frames of one message, empty ones counted. */
  readonly fragmentsMax: number;
  readonly text: TextCodec;
}

/** What a peer's frames amount to. Bytes in an event belong to whoever takes the event. */
export type ReadEvent =
  | { readonly type: "message"; readonly data: string | Uint8Array }
  | { readonly type: "compressed"; readonly isText: boolean; readonly payload: Uint8Array }
  | { readonly type: "ping"; readonly payload: Uint8Array }
  | { readonly type: "pong"; readonly payload: Uint8Array }
  | { readonly type: "close"; readonly code: number; readonly reason: string };

/** The array that events are appended to; it may hold others as well. */
export interface ReadEvents {
  push(event: ReadEvent): unknown;
}

/** Reads frames out of chunks and puts messages together (RFC 6455, 5.4 and 5.5). */
export class MessageReader {
  readonly #options: MessageReaderOptions;
  readonly #header: FrameHeaderReader;
  /** Made with the first text that does not come as a whole. */
  #validator: Utf8Validator | undefined;

  #isInFrame = false;
  /** How much of the current frame's payload has come. */
  #frameBytes = 0;
  /** The current control frame's payload. */
  #control = NO_BYTES;

  /** The first opcode of the current message, or of the last one. */
  #messageOpcode: number = opcodes.text;
  #isMessageCompressed = false;
  #fragmentCount = 0;
  /** How long the message's frames may be together. */
  #bytesMax = 0;
  /** The lengths that the message's frames declared, together. */
  #declaredBytes = 0;
  /** What has come of the message so far; it grows with what comes, not with what was declared. */
  #assembly = NO_BYTES;
  #assembledBytes = 0;

  constructor(options: MessageReaderOptions) {
    this.#options = options;
    this.#header = new FrameHeaderReader(options);
  }

  /**
   * Read on from `at` and append what is found to `events`. Masked payloads are unmasked in place.
   *
   * Stops at the end of the chunk, and behind a `compressed` or a `close` event: the one has to be inflated before what
   * follows makes sense, nothing follows the other. Returns the index to go on from.
   *
   * @throws ProtocolError when the peer broke a rule. What came before it is in `events`; the reader is of no more use.
   */
  read(chunk: Uint8Array, from: number, events: ReadEvents): number {
    let at = from;
    for (;;) {
      if (!this.#isInFrame) {
        at = this.#header.read(chunk, at);
        if (at < 0) return chunk.length;
        this.#beginFrame();
      }
      const { payloadLength, opcode, isFinal, maskKey } = this.#header;
      const end = Math.min(chunk.length, at + payloadLength - this.#frameBytes);
      if (maskKey !== 0) mask(chunk, at, end, keyBehind(maskKey, this.#frameBytes));
      const isFrameDone = this.#frameBytes + end - at === payloadLength;
      this.#isInFrame = !isFrameDone;
      if (opcode >= opcodes.close) this.#takeControl(chunk, at, end);
      else if (!isFrameDone || !isFinal || this.#assembledBytes > 0) this.#takeData(chunk, at, end);
      else {
        events.push(this.#wholeMessage(chunk, at, end));
        at = end;
        if (this.#endMessage()) return at;
        continue;
      }
      this.#frameBytes += end - at;
      at = end;
      if (!isFrameDone) return at;
      if (opcode >= opcodes.close) {
        events.push(this.#controlEvent());
        if (opcode === opcodes.close) return at;
      } else if (isFinal) {
        events.push(this.#assembledMessage());
        if (this.#endMessage()) return at;
      }
    }
  }

  #utf8(): Utf8Validator {
    return (this.#validator ??= new Utf8Validator(this.#options.text));
  }

  #beginFrame(): void {
    const { opcode, payloadLength } = this.#header;
    this.#isInFrame = true;
    this.#frameBytes = 0;
    if (opcode < opcodes.close) return this.#beginDataFrame();
    this.#control = payloadLength === 0 ? NO_BYTES : new Uint8Array(payloadLength);
    // A close ends all reading: the validator of an unfinished text is free for its reason.
    if (opcode === opcodes.close) this.#validator?.reset();
  }

  #beginDataFrame(): void {
    const { opcode, payloadLength, isCompressed } = this.#header;
    const { fragmentsMax, messageBytesMax } = this.#options;
    if (opcode !== opcodes.continuation) {
      this.#messageOpcode = opcode;
      this.#isMessageCompressed = isCompressed;
      this.#bytesMax = isCompressed ? deflatedBytesMax(messageBytesMax) : messageBytesMax;
      this.#header.isMessageOpen = true;
    }
    if (++this.#fragmentCount > fragmentsMax) {
      throw new ProtocolError("message/too-many-fragments", `the limit is ${fragmentsMax}`);
    }
    this.#declaredBytes += payloadLength;
    if (this.#declaredBytes > this.#bytesMax) {
      throw new ProtocolError("message/too-large", `${this.#declaredBytes} bytes, the limit is ${this.#bytesMax}`);
    }
  }

  /** A message in one frame that is wholly in this chunk: nothing is put together. */
  #wholeMessage(chunk: Uint8Array, start: number, end: number): ReadEvent {
    const isText = this.#messageOpcode === opcodes.text;
    if (this.#isMessageCompressed) return { type: "compressed", isText, payload: copy(chunk, start, end) };
    if (!isText) return { type: "message", data: copy(chunk, start, end) };
    const text = this.#options.text.decode(chunk, start, end);
    // Malformed bytes decode to U+FFFD, so that only a text which has one needs a second look.
    if (text.includes("\uFFFD") && !this.#options.text.isUtf8(chunk, start, end)) {
      throw new ProtocolError("message/not-utf8");
    }
    return { type: "message", data: text };
  }

  #takeData(chunk: Uint8Array, start: number, end: number): void {
    const isPlainText = this.#messageOpcode === opcodes.text && !this.#isMessageCompressed;
    if (isPlainText && !this.#utf8().push(chunk, start, end)) throw new ProtocolError("message/not-utf8");
    const needed = this.#assembledBytes + end - start;
    if (needed > this.#assembly.length) {
      // Doubled, so that many small fragments are not copied again for each one; the limit bounds it.
      const doubled = Math.min(this.#assembly.length * 2, this.#bytesMax);
      const grown = new Uint8Array(Math.max(needed, doubled));
      grown.set(this.#assembly.subarray(0, this.#assembledBytes));
      this.#assembly = grown;
    }
    this.#assembly.set(chunk.subarray(start, end), this.#assembledBytes);
    this.#assembledBytes = needed;
  }

  #assembledMessage(): ReadEvent {
    const isText = this.#messageOpcode === opcodes.text;
    const payload = this.#assembly.subarray(0, this.#assembledBytes);
    if (this.#isMessageCompressed) return { type: "compressed", isText, payload };
    if (!isText) return { type: "message", data: payload };
    if (!this.#utf8().isComplete) throw new ProtocolError("message/not-utf8", "it ends within a character");
    return { type: "message", data: this.#options.text.decode(payload, 0, payload.length) };
  }

  /** Forget the message and give its memory back; returns whether it was compressed. */
  #endMessage(): boolean {
    this.#header.isMessageOpen = false;
    this.#fragmentCount = 0;
    this.#declaredBytes = 0;
    this.#assembly = NO_BYTES;
    this.#assembledBytes = 0;
    this.#validator?.reset();
    return this.#isMessageCompressed;
  }

  #takeControl(chunk: Uint8Array, start: number, end: number): void {
    this.#control.set(chunk.subarray(start, end), this.#frameBytes);
    if (this.#header.opcode === opcodes.close) this.#checkClose(this.#frameBytes, this.#frameBytes + end - start);
  }

  /** Check the bytes of a close frame's payload that have just come (RFC 6455, 5.5.1). */
  #checkClose(from: number, to: number): void {
    if (from < 2 && to >= 2) {
      const code = closeCodeOf(this.#control);
      if (!mayTravel(code)) throw new ProtocolError("close/invalid-code", String(code));
    }
    if (!this.#utf8().push(this.#control, Math.max(2, from), to)) throw new ProtocolError("close/reason-not-utf8");
  }

  #controlEvent(): ReadEvent {
    const payload = this.#control;
    this.#control = NO_BYTES;
    switch (this.#header.opcode) {
      case opcodes.ping:
        return { type: "ping", payload };
      case opcodes.pong:
        return { type: "pong", payload };
      default:
        if (payload.length === 0) return { type: "close", code: closeCodes.noStatus, reason: "" };
        if (!this.#utf8().isComplete) throw new ProtocolError("close/reason-not-utf8", "it ends within a character");
        return {
          type: "close",
          code: closeCodeOf(payload),
          reason: this.#options.text.decode(payload, 2, payload.length),
        };
    }
  }
}

/** How long the compressed form of a message within the limit can be: stored blocks and flushes add a little. */
function deflatedBytesMax(messageBytesMax: number): number {
  return messageBytesMax + Math.floor(messageBytesMax / 256) + 1024;
}

function closeCodeOf(payload: Uint8Array): number {
  return (byteAt(payload, 0) << 8) | byteAt(payload, 1);
}

/** A plain copy: what an application keeps must not hold the chunk that it came in. */
function copy(chunk: Uint8Array, start: number, end: number): Uint8Array {
  const bytes = new Uint8Array(end - start);
  bytes.set(chunk.subarray(start, end));
  return bytes;
}
