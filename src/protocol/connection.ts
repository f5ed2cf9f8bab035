import { mayTravel } from "./close-code.js";
import { NO_BYTES } from "./elements.js";
import { ProtocolError } from "./errors.js";
import { CONTROL_PAYLOAD_BYTES_MAX, opcodes } from "./frame-header.js";
import { messageOpcode, type FrameWriter } from "./frame-writer.js";
import { Frames, type Run } from "./frames.js";
import { MessageReader, type MessageReaderOptions, type ReadEvent } from "./message-reader.js";

export type Role = "server" | "client";

/**
 * Where the close handshake stands (RFC 6455, 7.1).
 *
 * - `open`: both sides send.
 * - `answering`: the peer's close frame came, or the peer broke a rule. Nothing more is read; what answers earlier
 *   messages can still be sent, and then our close frame.
 * - `closing`: our close frame was sent, the peer's has not come. Nothing more is sent.
 * - `closed`: nothing more is sent or read; what is left is to end the transport.
 */
export type ConnectionState = "open" | "answering" | "closing" | "closed";

type StateEvent = "close-sent" | "close-received" | "failed" | "transport-ended";

const closedForGood = {
  "close-sent": "closed",
  "close-received": "closed",
  failed: "closed",
  "transport-ended": "closed",
} as const;

const transitions: Readonly<Record<ConnectionState, Readonly<Record<StateEvent, ConnectionState>>>> = {
  open: {
    "close-sent": "closing",
    "close-received": "answering",
    failed: "answering",
    "transport-ended": "closed",
  },
  answering: closedForGood,
  closing: { ...closedForGood, "close-sent": "closing" },
  closed: closedForGood,
};

export interface ConnectionOptions extends Omit<MessageReaderOptions, "isMasked"> {
  readonly role: Role;
  /** Shared by all connections of the role. */
  readonly writer: FrameWriter;
}

/** One for all connections that hold no chunk; nothing is pushed to it. */
const NOTHING_HELD: Uint8Array[] = [];

const readerOptions = new WeakMap<ConnectionOptions, MessageReaderOptions>();

/** The reader's part of a connection's options: one object for all connections that share theirs. */
function readerOptionsOf(options: ConnectionOptions): MessageReaderOptions {
  const known = readerOptions.get(options);
  if (known !== undefined) return known;
  const { fragmentsMax, isDeflateNegotiated, messageBytesMax, role, text } = options;
  const made = { fragmentsMax, isDeflateNegotiated, isMasked: role === "server", messageBytesMax, text };
  readerOptions.set(options, made);
  return made;
}

/** What came of received bytes. `failed` is the last event of a connection, and so is `close`. */
export type ConnectionEvent = ReadEvent | { readonly type: "failed"; readonly error: ProtocolError };

/** How an attempt to inflate a `compressed` event's payload ended. */
export type Inflation = Uint8Array | "too-large" | "invalid";

/**
 * One endpoint of a WebSocket after its opening handshake: bytes in, events and bytes out. It sees no socket.
 *
 * Whatever has to be sent is appended to frames that the caller owns, in the order in which they must leave.
 */
export class Connection {
  readonly #options: ConnectionOptions;
  readonly #reader: MessageReader;
  #state: ConnectionState = "open";
  /** Whether the compressed message that was read last waits to be inflated. */
  #isInflating = false;
  #isTextInflating = false;
  /** Chunks that came while a message was inflated, the first from `#heldFrom` on. */
  #held = NOTHING_HELD;
  #heldFrom = 0;

  constructor(options: ConnectionOptions) {
    this.#options = options;
    this.#reader = new MessageReader(readerOptionsOf(options));
  }

  get state(): ConnectionState {
    return this.#state;
  }

  /** Whether `inflated` has to be called before more is read. */
  get isInflating(): boolean {
    return this.#isInflating;
  }

  /** Whether messages can be sent. */
  get canSend(): boolean {
    return this.#state === "open" || this.#state === "answering";
  }

  /**
   * Take bytes from the peer; they may be changed (unmasked in place). What they amount to is appended to `events`. Before
   * somebody else changes the bytes, call `keep`.
   *
   * A `close` or `failed` event is the last one: `close` is to be called, once what came before was worked off. After a
   * `compressed` event nothing is read until `inflated` was called: stop feeding, what comes meanwhile is held.
   */
  receive(chunk: Uint8Array, events: ConnectionEvent[]): void {
    if (!this.#canRead()) return;
    if (this.#held === NOTHING_HELD) this.#held = [chunk];
    else this.#held.push(chunk);
    if (!this.#isInflating) this.#readHeld(events);
  }

  /** Have what was received last and is not read yet lie in memory of its own. */
  keep(): void {
    const last = this.#held.length - 1;
    const chunk = this.#held[last];
    if (chunk === undefined) return;
    // A Buffer's `slice` would be no copy.
    this.#held[last] = Uint8Array.from(chunk.subarray(last === 0 ? this.#heldFrom : 0));
    if (last === 0) this.#heldFrom = 0;
  }

  /** Give the inflated form of the last `compressed` event, or say why there is none; then what was held is read. */
  inflated(inflation: Inflation, events: ConnectionEvent[]): void {
    this.#isInflating = false;
    if (!this.#canRead()) return;
    try {
      events.push({ type: "message", data: this.#checkInflation(inflation) });
    } catch (error) {
      return this.#fail(error, events);
    }
    this.#readHeld(events);
  }

  /** Note that the transport ended; nothing is read or sent any more. */
  transportEnded(): void {
    this.#endReading("transport-ended");
  }

  /**
   * Append a whole message, in one frame.
   *
   * @throws ProtocolError `send/not-open` once the connection is closing.
   */
  send(data: string | Uint8Array, output: Frames): void {
    this.#requireCanSend();
    this.#options.writer.write({ opcode: messageOpcode(data), payload: data }, output);
  }

  /**
   * Append a message that was framed before: by `frameDeflated`, or for many connections by a writer that does not mask.
   *
   * @throws ProtocolError `send/not-open` once the connection is closing.
   */
  sendFramed(runs: readonly Run[], output: Frames): void {
    this.#requireCanSend();
    output.appendAll(runs);
  }

  /** Frame a message whose payload was deflated (RFC 7692, 7.2.1), to be sent with `sendFramed`. */
  frameDeflated(payload: Uint8Array, isText: boolean): readonly Run[] {
    const opcode = isText ? opcodes.text : opcodes.binary;
    const frames = new Frames();
    this.#options.writer.write({ opcode, payload, isCompressed: true }, frames);
    return frames.take();
  }

  /**
   * Append a ping or a pong.
   *
   * @throws ProtocolError `send/not-open`, or `send/control-too-long` for a payload of more than 125 bytes.
   */
  sendControl(type: "ping" | "pong", payload: string | Uint8Array, output: Frames): void {
    this.#requireCanSend();
    const length = typeof payload === "string" ? this.#options.text.byteLength(payload) : payload.length;
    if (length > CONTROL_PAYLOAD_BYTES_MAX) throw new ProtocolError("send/control-too-long", `${length} bytes`);
    this.#options.writer.write({ opcode: opcodes[type], payload }, output);
  }

  /** What speaks against closing with this code and reason: `send/close-code` or `send/close-reason-too-long`. */
  closeError(code: number | undefined, reason: string): ProtocolError | undefined {
    if (code !== undefined && !mayTravel(code)) return new ProtocolError("send/close-code", String(code));
    const bytes = this.#options.text.byteLength(reason);
    const bytesMax = CONTROL_PAYLOAD_BYTES_MAX - 2;
    return bytes > bytesMax ? new ProtocolError("send/close-reason-too-long", `${bytes} bytes`) : undefined;
  }

  /**
   * Append our close frame, as the first step of the close handshake or as the answer to the peer's; does nothing when
   * it has been sent. Without a code its payload is empty.
   *
   * @throws ProtocolError what `closeError` tells.
   */
  close(code: number | undefined, reason: string, output: Frames): void {
    const error = this.closeError(code, reason);
    if (error !== undefined) throw error;
    if (!this.canSend) return;
    this.#options.writer.write({ opcode: opcodes.close, payload: this.#closePayload(code, reason) }, output);
    this.#transition("close-sent");
  }

  #canRead(): boolean {
    return this.#state === "open" || this.#state === "closing";
  }

  #readHeld(events: ConnectionEvent[]): void {
    const held = this.#held;
    try {
      for (let chunk = held[0]; chunk !== undefined; chunk = held[0]) {
        const before = events.length;
        this.#heldFrom = this.#reader.read(chunk, this.#heldFrom, events);
        const last = events.length > before ? events.at(-1) : undefined;
        if (last?.type === "close") return this.#endReading("close-received");
        if (this.#heldFrom === chunk.length) {
          held.shift();
          this.#heldFrom = 0;
        }
        if (last?.type === "compressed") {
          this.#isInflating = true;
          this.#isTextInflating = last.isText;
          return;
        }
      }
      this.#held = NOTHING_HELD;
    } catch (error) {
      this.#fail(error, events);
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

  #fail(error: unknown, events: ConnectionEvent[]): void {
    if (!(error instanceof ProtocolError)) throw error;
    events.push({ type: "failed", error });
    this.#endReading("failed");
  }

  #endReading(event: StateEvent): void {
    this.#transition(event);
    this.#held = NOTHING_HELD;
  }

  #closePayload(code: number | undefined, reason: string): Uint8Array {
    if (code === undefined) return NO_BYTES;
    const { text } = this.#options;
    const payload = new Uint8Array(2 + text.byteLength(reason));
    payload[0] = code >>> 8;
    payload[1] = code;
    text.encodeInto(reason, payload, 2);
    return payload;
  }

  #requireCanSend(): void {
    if (!this.canSend) throw new ProtocolError("send/not-open");
  }

  #transition(event: StateEvent): void {
    this.#state = transitions[this.#state][event];
  }
}
