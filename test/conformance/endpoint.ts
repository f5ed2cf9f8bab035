/** The engine as an echo, on a transport that the test holds in its hands. */
import { NodeDeflate } from "../../src/adapters/node/deflate.js";
import { nodeTextCodec } from "../../src/adapters/node/text-codec.js";
import { silentLogger } from "../../src/kernel/logger.js";
import type { Role } from "../../src/protocol/connection.js";
import type { DeflateParameters } from "../../src/protocol/deflate-negotiation.js";
import { FrameWriter } from "../../src/protocol/frame-writer.js";
import { SeededRandom } from "../../src/testing/seeded-random.js";
import { VirtualClock } from "../../src/testing/virtual-clock.js";
import type { Transport, WriteListener } from "../../src/websocket/ports.js";
import { SocketDriver } from "../../src/websocket/socket-driver.js";
import { SocketKind } from "../../src/websocket/socket-kind.js";
import { WebSocket } from "../../src/websocket/web-socket.js";
import { decodeFrames, type SentFrame } from "./frames.js";

const MESSAGE_BYTES_MAX = 32 * 1024 * 1024;

/** How the engine ended the transport. */
export type TransportEnd = "open" | "ended" | "destroyed";

export class EchoEndpoint implements Transport {
  readonly remoteAddress = "test";
  readonly isSecure = false;
  readonly #role: Role;
  readonly #clock = new VirtualClock();
  readonly #driver: SocketDriver;
  readonly #written: Uint8Array[] = [];
  #onWritten: () => void = () => {};
  outcome: TransportEnd = "open";
  /** The error that the engine told the application. */
  errorCode: string | undefined;

  readonly #socket: WebSocket<undefined, undefined>;

  constructor(role: Role, deflate?: DeflateParameters) {
    const clock = this.#clock;
    const random = new SeededRandom(6455);
    const writer = new FrameWriter({ isMasked: role === "client", text: nodeTextCodec, random });
    this.#role = role;
    this.#driver = new SocketDriver({
      kind: new SocketKind({
        role,
        surroundings: {
          clock,
          turns: clock,
          random,
          text: nodeTextCodec,
          deflate: new NodeDeflate({ level: 1 }),
          logger: silentLogger,
          writer,
        },
        limits: {
          messageBytesMax: MESSAGE_BYTES_MAX,
          fragmentsMax: Number.POSITIVE_INFINITY,
          outboxBytesMax: Number.POSITIVE_INFINITY,
          whenFull: "wait",
          closeTimeoutMs: 1000,
          keepaliveIdleMs: 0,
          keepaliveTimeoutMs: 0,
          deflateFromBytes: 0,
        },
      }),
      transport: this,
      deflate,
    });
    this.#socket = new WebSocket(this.#driver, { request: undefined, principal: undefined, protocol: "" });
    this.#socket.on("error", (error) => (this.errorCode = error.code));
  }

  /** The test hands bytes over itself. */
  listen(): void {}

  /** Begin to send back every message, those too that came before. */
  echo(): this {
    this.#socket.on("message", (message) => void this.#socket.send(message));
    return this;
  }

  /** Give the engine bytes of its own copy. */
  receive(bytes: Uint8Array): void {
    this.#driver.bytesReceived(Buffer.from(bytes));
  }

  /** Give it bytes, and let the turn end. */
  feed(bytes: Uint8Array): void {
    this.receive(bytes);
    while (this.#clock.runTurn());
  }

  /** Wait for what follows from what was fed. */
  settle(): Promise<void> {
    return this.#clock.settle();
  }

  /** What the engine has sent so far. */
  get sent(): SentFrame[] {
    return decodeFrames(Buffer.concat(this.#written), this.#role);
  }

  /** Wait until so many frames were sent; work in other threads is waited for. */
  async sentCount(count: number): Promise<SentFrame[]> {
    while (this.sent.length < count) {
      if (this.#clock.runTurn()) continue;
      await new Promise<void>((resolve) => {
        this.#onWritten = resolve;
        setImmediate(resolve);
      });
    }
    return this.sent;
  }

  write(pieces: readonly Uint8Array[], listener: WriteListener): boolean {
    for (const piece of pieces) this.#written.push(Buffer.from(piece));
    this.#clock.atEndOfTurn(() => listener.written());
    this.#onWritten();
    return false;
  }

  pause(): void {}

  resume(): void {}

  end(): void {
    if (this.outcome === "open") this.outcome = "ended";
  }

  destroy(): void {
    this.outcome = "destroyed";
  }
}
