import { BoundedQueue } from "../kernel/bounded-queue.js";
import { optionalDeferred, optionalRejection, type Deferred } from "../kernel/deferred.js";
import { assert, BusbarError } from "../kernel/errors.js";
import type { TextCodec } from "../kernel/text-codec.js";
import type { Connection } from "../protocol/connection.js";
import { ProtocolError } from "../protocol/errors.js";
import type { FrameWriter } from "../protocol/frame-writer.js";
import { requireMessage } from "./message-check.js";
import type { Broadcasts } from "./broadcasts.js";
import type { MessageDeflate } from "./message-deflate.js";
import { notSent, type NotSent, type Outbox } from "./outbox.js";
import { bytesAtMost, PreparedMessage, type Framed } from "./prepared-message.js";

/** How many sends can wait for room or for a compression before them. */
const SENDS_WAITING_MAX = 1024;

/** What a `send` does when `outboxBytesMax` bytes wait already. */
export type WhenFull = "wait" | "refuse";

export type Sendable = string | Uint8Array | PreparedMessage;

export interface SenderOptions {
  readonly connection: Connection;
  readonly outbox: Outbox;
  /** What was broadcast before and has not reached the outbox. */
  readonly broadcasts: Broadcasts;
  readonly messageDeflate: MessageDeflate | undefined;
  /** Writes what can be shared between sockets; undefined for a client, whose frames are masked each for itself. */
  readonly sharedWriter: FrameWriter | undefined;
  readonly text: TextCodec;
  readonly outboxBytesMax: number;
  readonly whenFull: WhenFull;
  /** Told when our close frame is in the outbox. */
  closeSent(): void;
  /** Told when a message could not be compressed: the connection cannot go on. */
  failed(cause: unknown): void;
}

interface WaitingSend {
  readonly message: Sendable;
  /** The message's bytes, before they are compressed. */
  readonly bytes: number;
  /** Undefined for a message that nobody awaits. */
  readonly settle: Deferred<void> | undefined;
}

interface CloseFrame {
  readonly code: number | undefined;
  readonly reason: string;
}

/** Brings messages into the outbox in the order of their sending, compressing those that are worth it. */
export class Sender {
  readonly #options: SenderOptions;
  /** Sends that wait for room or for a compression; the one that is being compressed is the first. */
  #waiting: BoundedQueue<WaitingSend> | undefined;
  #waitingBytes = 0;
  #isDeflating = false;
  /** The close frame that leaves behind everything that waits. */
  #closeFrame: CloseFrame | undefined;

  constructor(options: SenderOptions) {
    this.#options = options;
  }

  /** Whether a close frame is on its way, so that nothing more can be sent. */
  get isClosing(): boolean {
    return this.#closeFrame !== undefined;
  }

  /** Bytes of messages (before they are compressed) and frames that the kernel has not taken. */
  get bufferedBytes(): number {
    this.#options.broadcasts.interrupt();
    return this.#options.outbox.bufferedBytes + this.#waitingBytes;
  }

  /**
   * Send a message; resolves when the kernel has taken its bytes.
   *
   * Rejects with `send/not-open`, with `websocket/outbox-full` (when `outboxBytesMax` is reached and `whenFull` is
   * "refuse", or when 1,024 sends wait), or with `websocket/not-sent` when the connection ended meanwhile.
   *
   * @throws BusbarError `websocket/not-a-message` for what is neither text nor bytes.
   */
  send(message: Sendable): Promise<void> {
    if (typeof message !== "string" && !(message instanceof PreparedMessage)) requireMessage(message);
    this.#options.broadcasts.interrupt();
    if (!this.#canSend()) return optionalRejection(new ProtocolError("send/not-open"));
    if (this.#canWriteAtOnce(message)) {
      this.#write(message);
      return this.#options.outbox.handedOver();
    }
    const bytes = this.#byteLength(message);
    const hasRoom = this.#hasRoom(this.bufferedBytes, bytes);
    const settle = optionalDeferred<void>();
    const isRefused = !hasRoom && this.#options.whenFull === "refuse";
    if (isRefused || !this.#wait({ message, bytes, settle })) return optionalRejection(outboxFullError());
    return settle.promise;
  }

  /** Send a message that nobody awaits; false when it was refused because the outbox is full or closing. */
  offer(message: PreparedMessage): boolean {
    this.#options.broadcasts.interrupt();
    if (!this.#canSend()) return false;
    if (this.#canWriteAtOnce(message)) {
      this.#write(message);
      return true;
    }
    const bytes = this.#byteLength(message);
    return this.#hasRoom(this.bufferedBytes, bytes) && this.#wait({ message, bytes, settle: undefined });
  }

  /** The outbox, where it is clear, nothing waits before it and nothing is compressed; undefined elsewhere. */
  get clearOutbox(): Outbox | undefined {
    const { messageDeflate, outbox } = this.#options;
    const isClear = outbox.isClear && this.#waiting === undefined;
    return isClear && messageDeflate === undefined && this.#canSend() ? outbox : undefined;
  }

  /** Send a close frame behind all that waits; does nothing when one is on its way. */
  close(code: number | undefined, reason: string): void {
    this.#options.broadcasts.interrupt();
    this.#closeFrame ??= { code, reason };
    this.drain();
  }

  /** Reject what still waits: the connection has ended. */
  end(failure: NotSent): void {
    this.#options.broadcasts.interrupt();
    const waiting = this.#waiting;
    for (let send = waiting?.shift(); send !== undefined; send = waiting?.shift()) send.settle?.reject(failure());
    this.#waiting = undefined;
    this.#waitingBytes = 0;
  }

  /** Go on with what waits, now that there may be room. */
  drain(): void {
    if (this.#waiting !== undefined || this.#closeFrame !== undefined) this.#sendWaiting();
  }

  #sendWaiting(): void {
    const { connection, outbox } = this.#options;
    while (!this.#isDeflating && connection.canSend) {
      const send = this.#waiting?.peek();
      if (send === undefined) return this.#writeClose();
      if (!this.#hasRoom(outbox.bufferedBytes, send.bytes)) return;
      if (this.#isDeflated(send.bytes)) {
        this.#deflate(send);
      } else {
        this.#write(send.message);
        this.#finish(send);
      }
    }
  }

  #canSend(): boolean {
    return this.#closeFrame === undefined && this.#options.connection.canSend;
  }

  /** A message always fits when nothing else waits, whatever its size. */
  #hasRoom(buffered: number, bytes: number): boolean {
    return buffered === 0 || buffered + bytes <= this.#options.outboxBytesMax;
  }

  /** Whether nothing is in the message's way. To count a text's bytes takes as long as to send it: mostly they need not be. */
  #canWriteAtOnce(message: Sendable): boolean {
    if (this.#waiting !== undefined) return false;
    const { messageDeflate, outbox } = this.#options;
    const { bufferedBytes } = outbox;
    if (messageDeflate === undefined && this.#hasRoom(bufferedBytes, bytesAtMost(dataOf(message)))) return true;
    const bytes = this.#byteLength(message);
    return this.#hasRoom(bufferedBytes, bytes) && !this.#isDeflated(bytes);
  }

  #isDeflated(bytes: number): boolean {
    return this.#options.messageDeflate?.isWorthwhile(bytes) === true;
  }

  #byteLength(message: Sendable): number {
    const { text } = this.#options;
    if (typeof message === "string") return text.byteLength(message);
    if (message instanceof PreparedMessage) return message.byteLength(text);
    return message.length;
  }

  #wait(send: WaitingSend): boolean {
    this.#waiting ??= new BoundedQueue(SENDS_WAITING_MAX);
    if (!this.#waiting.push(send)) return false;
    this.#waitingBytes += send.bytes;
    this.drain();
    return true;
  }

  /** Take the first waiting send out, now that its frame is in the outbox. */
  #finish(send: WaitingSend): void {
    this.#waiting?.shift();
    if (this.#waiting?.length === 0) this.#waiting = undefined;
    this.#waitingBytes -= send.bytes;
    send.settle?.resolve(this.#options.outbox.handedOver());
  }

  #write(message: Sendable): void {
    const { connection, outbox, sharedWriter } = this.#options;
    if (message instanceof PreparedMessage && sharedWriter !== undefined) {
      return this.#writeFramed(message.plain(sharedWriter));
    }
    connection.send(dataOf(message), outbox);
    outbox.appended();
  }

  #writeFramed(runs: Framed): void {
    const { connection, outbox } = this.#options;
    connection.sendFramed(runs, outbox);
    outbox.appended();
  }

  #writeClose(): void {
    if (this.#closeFrame === undefined) return;
    const { connection, outbox } = this.#options;
    connection.close(this.#closeFrame.code, this.#closeFrame.reason, outbox);
    outbox.appended();
    this.#options.closeSent();
  }

  #deflate(send: WaitingSend): void {
    try {
      const frame = this.#deflatedFrame(send.message);
      if (!(frame instanceof Promise)) return this.#writeDeflated(send, frame);
      this.#isDeflating = true;
      frame.then(
        (pieces) => {
          this.#isDeflating = false;
          if (!this.#options.connection.canSend) return;
          this.#writeDeflated(send, pieces);
          this.drain();
        },
        (cause: unknown) => this.#deflateFailed(cause),
      );
    } catch (cause) {
      this.#deflateFailed(cause);
    }
  }

  /** The peer's window would no longer be ours, and there is no sending around a gap. */
  #deflateFailed(cause: unknown): void {
    this.#isDeflating = false;
    this.end(notSent(cause));
    this.#options.failed(cause);
  }

  #writeDeflated(send: WaitingSend, pieces: Framed): void {
    this.#writeFramed(pieces);
    this.#finish(send);
  }

  #deflatedFrame(message: Sendable): Framed | Promise<Framed> {
    const { messageDeflate, sharedWriter } = this.#options;
    assert(messageDeflate !== undefined, "only a connection with permessage-deflate finds a message worth deflating");
    if (message instanceof PreparedMessage && sharedWriter !== undefined) {
      return messageDeflate.deflatePrepared(message, sharedWriter);
    }
    const data = dataOf(message);
    const payload = messageDeflate.deflate(data);
    const isText = typeof data === "string";
    if (payload instanceof Promise) return payload.then((bytes) => this.#frameDeflated(bytes, isText));
    return this.#frameDeflated(payload, isText);
  }

  #frameDeflated(payload: Uint8Array, isText: boolean): Framed {
    return this.#options.connection.frameDeflated(payload, isText);
  }
}

function dataOf(message: Sendable): string | Uint8Array {
  return message instanceof PreparedMessage ? message.data : message;
}

function outboxFullError(): BusbarError {
  return new BusbarError(
    "websocket/outbox-full",
    "too much waits for this peer already: await the sends, or send less",
    { retryable: true },
  );
}

/** Whether this is a send that failed because the connection ended: nobody's fault, if it is that connection. */
export function isTooLate(cause: unknown): boolean {
  return cause instanceof BusbarError && (cause.code === "send/not-open" || cause.code === "websocket/not-sent");
}
