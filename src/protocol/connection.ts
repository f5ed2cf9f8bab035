import { closeCodes, mayTravel } from "./close-code.js";
import { ProtocolError } from "./errors.js";
import { CONTROL_PAYLOAD_BYTES_MAX, opcodes } from "./frame-header.js";
import { messageOpcode, type FrameWriter } from "./frame-writer.js";
import { MessageReader, type MessageReaderOptions, type ReadEvent } from "./message-reader.js";

export type Role = "server" | "client";

/**
 * Where the close handshake stands (RFC 6455, 7.1).
 *
 * - `open`: both sides can send.
 * - `closing`: our close frame was sent, the peer's has not come.
 * - `closed`: nothing more is sent or read; what is left is to end the transport.
 */
export type ConnectionState = "open" | "closing" | "closed";

type StateEvent = "close-sent" | "close-received" | "failed" | "transport-ended";

const transitions: Readonly<Record<ConnectionState, Readonly<Record<StateEvent, ConnectionState>>>> = {
  open: { "close-sent": "closing", "close-received": "closed", failed: "closed", "transport-ended": "closed" },
  closing: { "close-sent": "closing", "close-received": "closed", failed: "closed", "transport-ended": "closed" },
  closed: { "close-sent": "closed", "close-received": "closed", failed: "closed", "transport-ended": "closed" },
};

export interface ConnectionOptions extends Omit<MessageReaderOptions, "isMasked"> {
  readonly role: Role;
  /** Shared by all connections of the role. */
  readonly writer: FrameWriter;
}

/** What came of received bytes. `failed` is the last event of a connection, and so is `close`. */
export type ConnectionEvent = ReadEvent | { readonly type: "failed"; readonly error: ProtocolError };

/** How an attempt to inflate a `compressed` event's payload ended. */
export type Inflation = Uint8Array | "too-large" | "invalid";

/**
 * One endpoint of a WebSocket after its opening handshake: bytes in, events and bytes out. It sees no socket.
 *
 * Whatever has to be sent is appended to an array that the caller owns, frames in the order in which they must leave.
 */
export class Connection {
  readonly #options: ConnectionOptions;
  readonly #reader: MessageReader;
  #state: ConnectionState = "open";
  /** Whether the compressed message that was read last waits to be inflated. */
  #isInflating = false;
  #isTextInflating = false;
  /** Chunks that came while a message was inflated, the first from `#heldFrom` on. */
  #held: Uint8Array[] = [];
  #heldFrom = 0;

  constructor(options: ConnectionOptions) {
    this.#options = options;
    this.#reader = new MessageReader({ ...options, isMasked: options.role === "server" });
  }

  get state(): ConnectionState {
    return this.#state;
  }

  /** Whether `inflated` has to be called before more is read. */
  get isInflating(): boolean {
    return this.#isInflating;
  }

  /**
   * Take bytes from the peer; they may be changed (unmasked in place). What they amount to is appended to `events`,
   * what has to be answered at once (a close frame) to `output`.
   *
   * A broken rule ends the connection with a `failed` event (RFC 6455, 7.1.7). After a `compressed` event nothing is
   * read until `inflated` was called: stop feeding, what comes meanwhile is held.
   */
  receive(chunk: Uint8Array, events: ConnectionEvent[], output: Uint8Array[]): void {
    if (this.#state === "closed") return;
    this.#held.push(chunk);
    if (!this.#isInflating) this.#readHeld(events, output);
  }

  /** Give the inflated form of the last `compressed` event, or say why there is none; then what was held is read. */
  inflated(inflation: Inflation, events: ConnectionEvent[], output: Uint8Array[]): void {
    this.#isInflating = false;
    if (this.#state === "closed") return;
    try {
      events.push({ type: "message", data: this.#checkInflation(inflation) });
    } catch (error) {
      return this.#fail(error, events, output);
    }
    this.#readHeld(events, output);
  }

  /** Note that the transport ended; nothing is read or sent any more. */
  transportEnded(): void {
    this.#transition("transport-ended");
    this.#held = [];
  }

  /**
   * Append a whole message, in one frame.
   *
   * @throws ProtocolError `send/not-open` once the connection is closing.
   */
  send(data: string | Uint8Array, output: Uint8Array[]): void {
    this.#requireOpen();
    this.#options.writer.write({ opcode: messageOpcode(data), payload: data }, output);
  }

  /**
   * Append a message whose payload was deflated for this connection (RFC 7692, 7.2.1).
   *
   * @throws ProtocolError `send/not-open` once the connection is closing.
   */
  sendDeflated(payload: Uint8Array, isText: boolean, output: Uint8Array[]): void {
    this.#requireOpen();
    const opcode = isText ? opcodes.text : opcodes.binary;
    this.#options.writer.write({ opcode, payload, isCompressed: true }, output);
  }

  /**
   * Append a ping or a pong.
   *
   * @throws ProtocolError `send/not-open`, or `send/control-too-long` for a payload of more than 125 bytes.
   */
  sendControl(type: "ping" | "pong", payload: string | Uint8Array, output: Uint8Array[]): void {
    this.#requireOpen();
    const length = typeof payload === "string" ? this.#options.text.byteLength(payload) : payload.length;
    if (length > CONTROL_PAYLOAD_BYTES_MAX) throw new ProtocolError("send/control-too-long", `${length} bytes`);
    this.#options.writer.write({ opcode: opcodes[type], payload }, output);
  }

  /**
   * Begin the close handshake; does nothing when it has begun. Without a code the frame's payload is empty.
   *
   * @throws ProtocolError `send/close-code` or `send/close-reason-too-long`.
   */
  close(code: number | undefined, reason: string, output: Uint8Array[]): void {
    if (code !== undefined && !mayTravel(code)) throw new ProtocolError("send/close-code", String(code));
    const reasonBytes = this.#options.text.byteLength(reason);
    if (reasonBytes > CONTROL_PAYLOAD_BYTES_MAX - 2) {
      throw new ProtocolError("send/close-reason-too-long", `${reasonBytes} bytes`);
    }
    if (this.#state !== "open") return;
    this.#writeClose(code ?? closeCodes.noStatus, reason, output);
    this.#transition("close-sent");
  }

  #readHeld(events: ConnectionEvent[], output: Uint8Array[]): void {
    try {
      for (let chunk = this.#held[0]; chunk !== undefined; chunk = this.#held[0]) {
        const before = events.length;
        this.#heldFrom = this.#reader.read(chunk, this.#heldFrom, events);
        const last = events.length > before ? events.at(-1) : undefined;
        if (last?.type === "close") return this.#closeReceived(last.code, output);
        const isChunkDone = this.#heldFrom === chunk.length;
        if (isChunkDone) {
          this.#held.shift();
          this.#heldFrom = 0;
        }
        if (last?.type === "compressed") {
          this.#isInflating = true;
          this.#isTextInflating = last.isText;
          return;
        }
      }
    } catch (error) {
      this.#fail(error, events, output);
    }
  }

  #checkInflation(inflation: Inflation): string | Uint8Array {
    if (inflation === "invalid") throw new ProtocolError("message/not-deflated");
    const { messageBytesMax, text } = this.#options;
    if (inflation === "too-large" || inflation.length > messageBytesMax) {
      throw new ProtocolError("message/too-large", `the limit is ${messageBytesMax} bytes, after inflating`);
    }
    if (!this.#isTextInflating) return inflation;
    const data = text.decode(inflation, 0, inflation.length);
    if (data.includes("\uFFFD") && !text.isUtf8(inflation, 0, inflation.length)) {
      throw new ProtocolError("message/not-utf8");
    }
    return data;
  }

  /** Answer the peer's close frame with its own code, unless ours has been sent (RFC 6455, 5.5.1). */
  #closeReceived(code: number, output: Uint8Array[]): void {
    if (this.#state === "open") this.#writeClose(code, "", output);
    this.#transition("close-received");
    this.#held = [];
  }

  #fail(error: unknown, events: ConnectionEvent[], output: Uint8Array[]): void {
    if (!(error instanceof ProtocolError)) throw error;
    events.push({ type: "failed", error });
    if (this.#state === "open") this.#writeClose(error.closeCode, error.code, output);
    this.#transition("failed");
    this.#held = [];
  }

  #writeClose(code: number, reason: string, output: Uint8Array[]): void {
    if (code === closeCodes.noStatus) {
      this.#options.writer.write({ opcode: opcodes.close, payload: "" }, output);
      return;
    }
    const { text, writer } = this.#options;
    const payload = new Uint8Array(2 + text.byteLength(reason));
    payload[0] = code >>> 8;
    payload[1] = code;
    text.encodeInto(reason, payload, 2);
    writer.write({ opcode: opcodes.close, payload }, output);
  }

  #requireOpen(): void {
    if (this.#state !== "open") throw new ProtocolError("send/not-open");
  }

  #transition(event: StateEvent): void {
    this.#state = transitions[this.#state][event];
  }
}
