import type { Clock, Turns } from "../kernel/clock.js";
import type { Logger } from "../kernel/logger.js";
import type { Random } from "../kernel/random.js";
import type { TextCodec } from "../kernel/text-codec.js";
import type { ConnectionOptions, Role } from "../protocol/connection.js";
import type { FrameWriter } from "../protocol/frame-writer.js";
import { Broadcasts } from "./broadcasts.js";
import type { Deflate } from "./ports.js";
import type { WhenFull } from "./sender.js";
import { TurnWriter } from "./turn-writer.js";

/** What the sockets of one role in one process share. */
export interface SocketSurroundings {
  /** Its timers are shared by all sockets. */
  readonly clock: Clock;
  readonly turns: Turns;
  readonly random: Random;
  readonly text: TextCodec;
  readonly deflate: Deflate;
  readonly logger: Logger;
  readonly writer: FrameWriter;
}

/** The limits of one socket. */
export interface SocketLimits {
  /** The longest message in bytes, after inflating. */
  readonly messageBytesMax: number;
  /** The most frames of one message, empty ones counted. */
  readonly fragmentsMax: number;
  /** How many bytes can wait for the peer. */
  readonly outboxBytesMax: number;
  readonly whenFull: WhenFull;
  /** How long closing may take: what still waits, the peer's close frame and its end of the transport. */
  readonly closeTimeoutMs: number;
  /** After this much silence the peer is pinged; 0: never. */
  readonly keepaliveIdleMs: number;
  /** How long the peer may take to answer that. */
  readonly keepaliveTimeoutMs: number;
  /** Messages from this size on are compressed, where compression was negotiated. */
  readonly deflateFromBytes: number;
}

export interface SocketKindOptions {
  readonly role: Role;
  readonly surroundings: SocketSurroundings;
  readonly limits: SocketLimits;
}

/** What is the same for all sockets of one server, or of one client: made once, so that a socket holds little itself. */
export class SocketKind {
  readonly role: Role;
  readonly surroundings: SocketSurroundings;
  readonly limits: SocketLimits;
  /** The protocol's options of a connection without compression. */
  readonly plain: ConnectionOptions;
  /** … and of one where it was negotiated. */
  readonly deflating: ConnectionOptions;
  readonly turnWriter: TurnWriter;
  readonly broadcasts: Broadcasts;
  /** Writes what can be shared between sockets; undefined for a client, whose frames are masked each for itself. */
  readonly sharedWriter: FrameWriter | undefined;

  constructor({ limits, role, surroundings }: SocketKindOptions) {
    const { fragmentsMax, messageBytesMax } = limits;
    const { text, writer } = surroundings;
    this.role = role;
    this.surroundings = surroundings;
    this.limits = limits;
    this.turnWriter = new TurnWriter(surroundings.turns);
    this.sharedWriter = role === "server" ? writer : undefined;
    this.broadcasts = new Broadcasts({
      turnWriter: this.turnWriter,
      sharedWriter: this.sharedWriter,
      outboxBytesMax: limits.outboxBytesMax,
    });
    this.plain = { fragmentsMax, messageBytesMax, role, text, writer, isDeflateNegotiated: false };
    this.deflating = { ...this.plain, isDeflateNegotiated: true };
  }
}
