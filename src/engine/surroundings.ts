import { isBun } from "../adapters/bun/bun.js";
import { bunTextCodec } from "../adapters/bun/text-codec.js";
import { nodeClock, NodeTurns } from "../adapters/node/clock.js";
import { NodeDeflate } from "../adapters/node/deflate.js";
import { NodeRandom } from "../adapters/node/random.js";
import { nodeTextCodec } from "../adapters/node/text-codec.js";
import { silentLogger } from "../kernel/logger.js";
import { TimingWheel } from "../kernel/timing-wheel.js";
import type { Role } from "../protocol/connection.js";
import { FrameWriter } from "../protocol/frame-writer.js";
import type { SocketSurroundings } from "../websocket/socket-kind.js";
import { compressionOf, type SocketOptions } from "./options.js";

/** The whole process has one turn of the loop at a time, one wheel for its timers and one source of randomness. */
const turns = new NodeTurns();
const clock = new TimingWheel(nodeClock);
const random = new NodeRandom();
const text = isBun ? bunTextCodec : nodeTextCodec;

const writers: Readonly<Record<Role, FrameWriter>> = {
  server: new FrameWriter({ isMasked: false, text, random }),
  client: new FrameWriter({ isMasked: true, text, random }),
};

/** By level: however many clients there are, only so many messages are compressed at once. */
const deflates = new Map<number, NodeDeflate>();

function deflateOf(level: number): NodeDeflate {
  const deflate = deflates.get(level) ?? new NodeDeflate({ level });
  deflates.set(level, deflate);
  return deflate;
}

/** What sockets need of this machine. */
export function surroundingsOf(role: Role, options: SocketOptions): SocketSurroundings {
  return {
    clock,
    turns,
    random,
    text,
    deflate: deflateOf(compressionOf(options)?.level ?? 1),
    logger: options.logger ?? silentLogger,
    writer: writers[role],
  };
}
