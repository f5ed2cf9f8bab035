import type { IncomingMessage, ServerResponse } from "node:http";
import type { Authenticator } from "../auth/authenticator.js";
import type { Principal } from "../auth/principal.js";
import type { MessageOf, ParamsOf, PatternsOf } from "../contract/types.js";
import type { CompressionOptions, KeepaliveOptions, Limits } from "../engine/options.js";
import type { HubLimits } from "../hub/hub.js";
import type { Logger } from "../kernel/logger.js";
import type { MemoryStoreLimits } from "../adapters/memory/memory-store.js";
import type { PipelineLimits } from "../pipeline/pipeline.js";
import type { Processor } from "../pipeline/processor.js";
import type { SessionLimits } from "../session/limits.js";

/** A contract's processors, by pattern. */
export type Processors<App> = {
  readonly [Pattern in PatternsOf<App>]?: Processor<MessageOf<App, Pattern>, ParamsOf<Pattern>, Principal>;
};

/** Every limit of the server, by the part that keeps it. What is left out has its default. */
export interface ServerLimits {
  /** Connections: sizes, handshakes, how many. `messageBytesMax` is 64 KiB here. */
  readonly socket?: Partial<Omit<Limits, "outboxBytesMax">>;
  /** Clients: rates, subscriptions, what waits for each. */
  readonly session?: Partial<SessionLimits>;
  readonly pipeline?: Partial<PipelineLimits>;
  readonly hub?: Partial<HubLimits>;
  /** How much the memory keeps. */
  readonly memory?: Partial<MemoryStoreLimits>;
}

/** What a bus server can choose, attached or not. */
export interface BusOptions<App> {
  /**
   * Who the clients are, asked at the handshake and with what they say in `hello`; several are asked in order.
   * Nobody gets in without.
   */
  readonly authenticate: Authenticator | readonly Authenticator[];
  /** What happens to messages between receiving and delivering. */
  readonly process?: Processors<App>;
  /** Where the WebSockets are. Default: `/bus`. */
  readonly path?: string;
  /** Which pages may connect: "same" (the server's own origin, the default), "any", or a list of origins. */
  readonly origins?: "same" | "any" | readonly string[];
  readonly keepalive?: KeepaliveOptions | false;
  readonly compression?: CompressionOptions | boolean;
  readonly limits?: ServerLimits;
  /** Default: JSON lines on standard error, from `info` on. */
  readonly logger?: Logger;
}

/** Answers a plain HTTP request. */
export type HttpHandler = (request: IncomingMessage, response: ServerResponse) => void | Promise<void>;

export interface ServeOptions<App> extends BusOptions<App> {
  /** Default: 0, which has the system choose a free one. */
  readonly port?: number;
  /** The address to listen on. Default: all of the machine's. */
  readonly host?: string;
  /** Answers requests that are no WebSockets. Default: `GET /health` is 200, everything else 404. */
  readonly http?: HttpHandler;
}
