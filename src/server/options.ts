import type { IncomingMessage, ServerResponse } from "node:http";
import type { LmdbLimits } from "../adapters/lmdb/lmdb-limits.js";
import type { AuditLimits } from "../auth/audit-trail.js";
import type { Authenticator } from "../auth/authenticator.js";
import type { PolicyLimits } from "../auth/authority.js";
import type { Policy } from "../auth/policy.js";
import type { Principal } from "../auth/principal.js";
import type { RevocationLimits } from "../auth/revocations.js";
import type {
  CallAnswerOf,
  CallInputOf,
  CallOutputOf,
  CallPatternsOf,
  CallRefusalOf,
  CallSentOf,
  ChannelName,
  ClientCallName,
  MessageOf,
  ParamsOf,
  PatternsOf,
  PublishOf,
  RejectionOf,
} from "../contract/types.js";
import type { CompressionOptions, KeepaliveOptions, Limits } from "../engine/options.js";
import type { HubLimits } from "../hub/hub.js";
import type { Logger } from "../kernel/logger.js";
import type { MemoryStoreLimits } from "../adapters/memory/memory-store.js";
import type { PipelineLimits } from "../pipeline/pipeline.js";
import type { Processor } from "../pipeline/processor.js";
import type { Queued } from "../pipeline/queued.js";
import type { Store } from "../hub/store.js";
import type { CallContext, Refusal, RequestOptions } from "../session/call-handler.js";
import type { SessionLimits } from "../session/limits.js";
import type { AuditOptions } from "./audit-options.js";
import type { ChecklistCode } from "./checklist.js";
import type { TlsOptions } from "./tls.js";
import type { WorkersOptions } from "./workers.js";

/** When a message is to be processed and delivered: the receipt says `accepted`. Default: at once. One of the two. */
export interface PublishTiming {
  /** The time of the server's wall clock, as a Date or in milliseconds since 1970 UTC. */
  readonly deliverAt?: Date | number | undefined;
  /** So many milliseconds from now on. */
  readonly after?: number | undefined;
}

/** A client that is connected, to be asked for what it offers. */
export interface BusClient<App> {
  /** Names its session, as in the logs. */
  readonly session: string;
  readonly principal: Principal;
  /**
   * Have the client carry out a call that it offers. Rejects with a BusbarError: `call/no-handler`, `call/refused`, with
   * its `reason`, `call/invalid`, `call/failed`, `call/deadline`, `call/cancelled`.
   */
  call<const Name extends ClientCallName<App>>(
    name: Name,
    input: CallSentOf<App, Name>,
    options?: RequestOptions,
  ): Promise<CallOutputOf<App, Name>>;
}

/** What a handler knows about a call beside its input. */
export interface HandlerContext<App, Pattern extends string> extends Omit<CallContext, "params" | "refuse" | "client"> {
  readonly params: ParamsOf<Pattern>;
  /** `return refuse(reason)`: tell the caller why not. */
  readonly refuse: (reason: CallRefusalOf<App, Pattern>) => Refusal;
  /** The caller's own connection. */
  readonly client: Pick<BusClient<App>, "call" | "session">;
}

/** The application's function behind a call. What it throws is logged, and the caller is told `call/failed`. */
export type Handler<App, Pattern extends string> = (
  input: CallInputOf<App, Pattern>,
  context: HandlerContext<App, Pattern>,
) => HandlerOutcome<App, Pattern> | Promise<HandlerOutcome<App, Pattern>>;

type HandlerOutcome<App, Pattern extends string> = CallAnswerOf<App, Pattern> | Refusal;

/** A contract's handlers, by pattern. */
export type Handlers<App> = { readonly [Pattern in CallPatternsOf<App>]?: Handler<App, Pattern> };

/** Has a message go to a channel of the contract as well. */
export type EmitTo<App> = <const Name extends ChannelName<App>>(channel: Name, data: PublishOf<App, Name>) => void;

/** The processor of a pattern's messages. */
export type ProcessorOf<App, Pattern extends string> = Processor<
  MessageOf<App, Pattern>,
  ParamsOf<Pattern>,
  Principal,
  EmitTo<App>,
  RejectionOf<App, Pattern>
>;

/** A contract's processors, by pattern: inline, or `queued`. */
export type Processors<App> = {
  readonly [Pattern in PatternsOf<App>]?:
    | ProcessorOf<App, Pattern>
    | Queued<MessageOf<App, Pattern>, ParamsOf<Pattern>, Principal, EmitTo<App>, RejectionOf<App, Pattern>>;
};

/** Every limit of the server, by the part that keeps it. What is left out has its default. */
export interface ServerLimits {
  /** Connections: sizes, handshakes, how many. `messageBytesMax` is 64 KiB here. */
  readonly socket?: Partial<Omit<Limits, "outboxBytesMax">>;
  /** Clients: rates, subscriptions, what waits for each. */
  readonly session?: Partial<SessionLimits>;
  readonly pipeline?: Partial<PipelineLimits>;
  readonly hub?: Partial<HubLimits>;
  /** How many revocations are known, and how long. */
  readonly revocations?: Partial<RevocationLimits>;
  /** How many principals can have roles by the server's own code. */
  readonly policy?: Partial<PolicyLimits>;
  /** How many events the audit trail keeps, and takes a second. */
  readonly audit?: Partial<AuditLimits>;
  /** How much the memory keeps, and how long repeats of a publish are known there. */
  readonly memory?: Partial<MemoryStoreLimits>;
  /** How long repeats of a publish are known on disk, and how much of what was read is kept, where the store is a folder. */
  readonly disk?: Partial<LmdbLimits>;
}

/** What a bus server can choose, attached or not. */
export interface BusOptions<App> {
  /**
   * Who the clients are, asked at the handshake and with what they say in `hello`; several are asked in order.
   * Nobody gets in without.
   */
  readonly authenticate: Authenticator | readonly Authenticator[];
  /**
   * What happens to messages between receiving and delivering: processors by pattern, or the URL of a module that exports
   * them as `process` (and the contract as `app`), for workers to load it as well.
   */
  readonly process?: Processors<App> | URL;
  /** Processes that run the processors: how many are started beside the server, or more exactly. Default: none. */
  readonly workers?: number | WorkersOptions;
  /** Who carries out the calls that the contract has the server handle. */
  readonly handle?: Handlers<App>;
  /**
   * Where logs are kept: a folder, for the embedded store on disk, or any `Store`. Default: in memory, as long as the
   * server lives. Channels that ask for durability `memory` are in memory in any case, those that ask for `disk` need a
   * store that has it.
   */
  readonly store?: string | Store;
  /** Where the WebSockets are. Default: `/bus`. */
  readonly path?: string;
  /** Who may do what, beside what the contract's `allow` says: see `policy()`. Default: that alone. */
  readonly policy?: Policy;
  /** Which pages may connect: "same" (the server's own origin, the default), "any", or a list of origins. */
  readonly origins?: "same" | "any" | readonly string[];
  /**
   * Proxies in front of the server, whose `X-Forwarded-For` and `X-Forwarded-Proto` are believed: addresses, ranges such as
   * `10.0.0.0/8`, and `local` for a Unix socket. Default: nobody's word is taken for where it comes from.
   */
  readonly trustProxy?: readonly string[];
  readonly keepalive?: KeepaliveOptions | false;
  readonly compression?: CompressionOptions | boolean;
  readonly limits?: ServerLimits;
  /** What the server is not to warn of when it starts: see the checklist in `docs/security.md`. Default: nothing. */
  readonly acknowledge?: readonly ChecklistCode[];
  /** Where the audit trail goes. Default: it is kept in memory, for `server.audit.recent()`. */
  readonly audit?: AuditOptions;
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
  /** Key and certificate, for `wss:` and `https:`. Default: no TLS. */
  readonly tls?: TlsOptions;
  /** Answers requests that are no WebSockets. Default: `GET /health` is 200, everything else 404. */
  readonly http?: HttpHandler;
}
