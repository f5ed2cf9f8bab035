/** One socket of the engine on a transport, a clock and a logger that the test holds in its hands. */
import { NodeDeflate } from "../../src/adapters/node/deflate.js";
import { nodeTextCodec as text } from "../../src/adapters/node/text-codec.js";
import type { Clock } from "../../src/kernel/clock.js";
import type { LogFields, Logger } from "../../src/kernel/logger.js";
import type { Role } from "../../src/protocol/connection.js";
import type { DeflateParameters } from "../../src/protocol/deflate-negotiation.js";
import { FrameWriter } from "../../src/protocol/frame-writer.js";
import { MemoryTransport } from "../../src/testing/memory-transport.js";
import { SeededRandom } from "../../src/testing/seeded-random.js";
import { VirtualClock } from "../../src/testing/virtual-clock.js";
import type { Deflate } from "../../src/websocket/ports.js";
import { SocketDriver } from "../../src/websocket/socket-driver.js";
import { SocketKind, type SocketLimits } from "../../src/websocket/socket-kind.js";
import { WebSocket } from "../../src/websocket/web-socket.js";
import { decodeFrames, encodeFrames, type TestFrame } from "../conformance/frames.js";

export interface SocketSetting {
  /** One that other sockets have as well; the rest is only looked at for a kind of this socket's own. */
  readonly kind?: SocketKind;
  readonly role?: Role;
  readonly limits?: Partial<SocketLimits>;
  /** Default: no compression. */
  readonly deflate?: DeflateParameters;
  readonly port?: Deflate;
  readonly clock?: VirtualClock;
  /** The clock that the socket's timers run on. Default: `clock`. */
  readonly timers?: Clock;
  readonly writer?: FrameWriter;
  /** Default: one whose peer is the test. */
  readonly transport?: MemoryTransport;
}

/** Compression with the largest windows, where each message stands alone. */
export const plainDeflate: DeflateParameters = {
  serverNoContextTakeover: true,
  clientNoContextTakeover: true,
  serverMaxWindowBits: 15,
  clientMaxWindowBits: 15,
};

const opcodeNames: Readonly<Record<number, string>> = { 1: "text", 2: "bytes", 9: "ping", 10: "pong" };

export function frameWriter(role: Role): FrameWriter {
  return new FrameWriter({ isMasked: role === "client", text, random: new SeededRandom(1) });
}

export class SocketGround {
  readonly role: Role;
  readonly clock: VirtualClock;
  readonly transport: MemoryTransport;
  readonly kind: SocketKind;
  readonly driver: SocketDriver;
  readonly socket: WebSocket<undefined, undefined>;
  /** What was logged from `debug` on: `warn area/what`. */
  readonly log: string[] = [];
  readonly fields: LogFields[] = [];

  constructor(setting: SocketSetting = {}) {
    const { role = "server", clock = new VirtualClock() } = setting;
    this.role = role;
    this.clock = clock;
    this.transport = setting.transport ?? new MemoryTransport({ turns: clock });
    this.kind = setting.kind ?? this.#newKind(setting);
    this.driver = new SocketDriver({ kind: this.kind, transport: this.transport, deflate: setting.deflate });
    this.socket = new WebSocket(this.driver, { request: undefined, principal: undefined, protocol: "" });
    this.transport.listen(this.driver);
  }

  #newKind(setting: SocketSetting): SocketKind {
    return new SocketKind({
      role: this.role,
      surroundings: {
        clock: setting.timers ?? this.clock,
        turns: this.clock,
        random: new SeededRandom(2),
        text,
        deflate: setting.port ?? new NodeDeflate({ level: 1 }),
        logger: this.#logger(),
        writer: setting.writer ?? frameWriter(this.role),
      },
      limits: {
        messageBytesMax: 100_000,
        fragmentsMax: 10,
        outboxBytesMax: 10_000,
        whenFull: "wait",
        closeTimeoutMs: 5_000,
        keepaliveIdleMs: 0,
        keepaliveTimeoutMs: 10_000,
        deflateFromBytes: 10,
        ...setting.limits,
      },
    });
  }

  /** Receive frames from the peer, in one chunk; the turn does not end by it. */
  receive(...frames: TestFrame[]): void {
    this.transport.receive(encodeFrames(frames, this.role === "server" ? "client" : "server"));
  }

  /** End turns until nothing is left to do; promises are not waited for. */
  runTurns(): void {
    while (this.clock.runTurn());
  }

  /** What was sent, frame by frame: `text hello`, `pong`, `close 1000 reason`. */
  get sent(): string[] {
    return decodeFrames(Buffer.concat(this.transport.writes), this.role).map(({ isCompressed, opcode, payload }) => {
      if (opcode !== 8) {
        const name = `${isCompressed ? "deflated " : ""}${opcodeNames[opcode]}`;
        return payload.length === 0 ? name : `${name} ${isCompressed ? payload.length : payload.toString()}`;
      }
      if (payload.length === 0) return "close";
      return `close ${payload.readUInt16BE(0)} ${payload.subarray(2).toString()}`.trimEnd();
    });
  }

  #logger(): Logger {
    const line =
      (level: string) =>
      (event: string, fields: LogFields = {}) => {
        this.log.push(`${level} ${event}`);
        this.fields.push(fields);
      };
    return { debug: line("debug"), info: line("info"), warn: line("warn"), error: line("error") };
  }
}

/** The payload of a close frame. */
export function closePayload(code: number, reason = ""): Buffer {
  const payload = Buffer.alloc(2 + Buffer.byteLength(reason));
  payload.writeUInt16BE(code);
  payload.write(reason, 2);
  return payload;
}
