import { MemoryStore } from "../adapters/memory/memory-store.js";
import { nodeClock, NodeTurns } from "../adapters/node/clock.js";
import { consoleLogger } from "../adapters/node/logger.js";
import { NodeRandom } from "../adapters/node/random.js";
import { firstOf, type Authenticator } from "../auth/authenticator.js";
import { Authority } from "../auth/authority.js";
import { requireOriginCheck } from "../auth/cookie.js";
import type { Principal } from "../auth/principal.js";
import type { Contract } from "../contract/contract.js";
import type { ServerOptions } from "../engine/options.js";
import type { ServerSocket } from "../engine/socket-host.js";
import type { Hub } from "../hub/hub.js";
import type { Store } from "../hub/store.js";
import { causeText } from "../kernel/cause-text.js";
import type { BusbarError } from "../kernel/errors.js";
import type { Random } from "../kernel/random.js";
import type { Logger } from "../kernel/logger.js";
import { TimingWheel } from "../kernel/timing-wheel.js";
import { sessionLimits, type SessionLimits } from "../session/limits.js";
import { LiveMarks } from "../session/live-marks.js";
import { PushEncoder } from "../session/push-encoder.js";
import type { SessionServices } from "../session/services.js";
import { Session } from "../session/session.js";
import { closeKinds } from "../wire/close-codes.js";
import { wireError } from "../wire/errors.js";
import type { CallTable } from "../session/call-handler.js";
import { refusalOf } from "../session/publishes.js";
import { SessionRegistry } from "../session/session-registry.js";
import { WallClockWatch } from "../session/wall-clock-watch.js";
import type { PublishOk } from "../wire/messages.js";
import { AccessControl } from "./access-control.js";
import { auditSinks, requireAuditChannel } from "./audit-options.js";
import { callTable } from "./call-table.js";
import { checkAcknowledged } from "./checklist.js";
import {
  loadProcessors,
  openHub,
  openProcessing,
  openWorkers,
  requireNoDisk,
  type Foundations,
} from "./composition.js";
import type { Groups } from "./groups.js";
import { Departure, type DepartureOptions } from "./departure.js";
import { embeddedStore } from "./embedded-store.js";
import { subprotocol } from "../wire/subprotocol.js";
import { isChannelName } from "../wire/channel-name.js";
import { handshakeAuthenticator, nobodyYet } from "./handshake-authenticator.js";
import { checkLimits, serverLimits } from "./limits.js";
import type { BusClient, BusOptions, PublishTiming } from "./options.js";
import { PipelineControl } from "./pipeline-control.js";
import { operatorHandlers } from "./operator-handlers.js";
import { PolicyControl } from "./policy-control.js";
import type { Processing } from "./processing.js";
import { SocketLink } from "./socket-link.js";
import { SplitStore } from "./split-store.js";
import type { Workers } from "./workers.js";

/** What can wait for a client beyond the session's limit: replies, which are not left out. */
const repliesBytesMax = 1_048_576;

/** Who publishes where the server itself does. */
const serverPrincipal: Principal = { id: "server", roles: [], claims: {}, expiresAtMs: undefined };

/** The parts of a server, put together, without an HTTP server below them. */
export class Bus<App extends Contract> {
  readonly logger: Logger;
  readonly pipeline: PipelineControl;
  readonly access: AccessControl;
  readonly policy: PolicyControl;
  readonly #contract: App;
  readonly #authenticate: Authenticator;
  readonly #random: Random;
  readonly #turns = new NodeTurns();
  readonly #store: Store;
  readonly #hub: Hub;
  readonly #processing: Processing;
  readonly #workers: Workers;
  readonly groups: Groups;
  readonly #services: SessionServices;
  readonly #sessions = new Set<Session>();
  /** Ends the watch over what authenticators know. */
  readonly #unwatch: readonly (() => void)[];

  /**
   * Put the parts together, on a store that is open.
   *
   * Rejects with `server/no-such-pattern`, `server/not-durable`, or what the store cannot be opened for.
   */
  static async open<App extends Contract>(app: App, options: BusOptions<App>): Promise<Bus<App>> {
    const { logger = consoleLogger(), store } = options;
    checkLimits(options.limits ?? {});
    const clock = new TimingWheel(nodeClock);
    const random = new NodeRandom();
    // Before the store is opened, so that nothing is left open.
    const { module, table } = await loadProcessors(app, options);
    const calls = callTable(app, options.handle ?? {});
    const memory = new MemoryStore({ clock, random, limits: options.limits?.memory ?? {} });
    if (store === undefined) requireNoDisk(app);
    requireOriginCheck([options.authenticate].flat(), options.origins ?? "same");
    checkAcknowledged(options.acknowledge ?? []);
    const authority = new Authority({
      contract: app,
      policy: options.policy,
      logger,
      limits: options.limits?.policy,
      check: (rulebook) => requireAuditChannel(app, options.audit ?? {}, rulebook),
    });
    const durable =
      typeof store === "string"
        ? await embeddedStore(store, { clock, random, logger, limits: options.limits?.disk ?? {} })
        : store;
    const all = durable === undefined ? memory : new SplitStore(memory, durable);
    const parts = { authority, clock, random, logger, table, calls, memory, durable, store: all };
    const hub = openHub(app, options, parts);
    let workers: Workers | undefined;
    try {
      workers = await openWorkers(app, options, { ...parts, module });
      const opened = await openProcessing(app, options, { ...parts, hub, workers });
      return new Bus(app, options, { ...parts, ...opened, hub, workers });
    } catch (error) {
      await workers?.close();
      await all.close();
      throw error;
    }
  }

  private constructor(app: App, options: BusOptions<App>, parts: BusParts) {
    const { authority, calls, clock, hub, logger, processing, random, workers } = parts;
    this.logger = logger;
    this.#contract = app;
    this.#authenticate = firstOf([options.authenticate].flat());
    this.#random = random;
    this.#store = parts.store;
    this.#hub = hub;
    this.#processing = processing;
    this.#workers = workers;
    this.groups = parts.groups;
    this.pipeline = new PipelineControl(processing, workers);
    const sinks = auditSinks(options.audit ?? {}, (channel, event) => this.publish(channel, event));
    const limits = { ...options.limits?.revocations, ...options.limits?.audit };
    this.access = new AccessControl({ clock, logger, sessions: this.#sessions, sinks, limits });
    const { revocations, trail } = this.access;
    const watch = { logger, onChanged: this.access.changed };
    this.#unwatch = [options.authenticate].flat().flatMap((one) => one.watch?.(watch) ?? []);
    this.policy = new PolicyControl({ authority, sessions: this.#sessions, clock, turns: this.#turns });
    const sessionLimits = sessionLimitsOf(options);
    this.#services = {
      contract: app,
      hub,
      pipeline: processing.pipeline,
      messages: processing,
      authenticate: this.#authenticate,
      revocations,
      authority,
      audit: trail.record,
      marks: new LiveMarks(clock),
      wallClock: new WallClockWatch(clock),
      pushes: new PushEncoder({ clock, sizeMax: sessionLimits.outboxBytesMax }),
      // What the application handles itself goes before.
      calls: new Map([...operatorHandlers(app, processing), ...calls]),
      registry: new SessionRegistry(),
      clock,
      random: this.#random,
      logger,
      limits: sessionLimits,
    };
  }

  get connections(): number {
    return this.#sessions.size;
  }

  /** Take a socket: it is a session from now on. */
  take(socket: ServerSocket): void {
    const link = new SocketLink(socket, this.#notClosed);
    if (socket.protocol !== subprotocol) {
      const { code, reason } = closeKinds.wrongSubprotocol;
      this.logger.warn("server/wrong-subprotocol", { address: socket.request.remoteAddress });
      return link.close(code, reason);
    }
    const principal = socket.principal === nobodyYet ? undefined : socket.principal;
    const session = new Session(this.#services, { link, request: socket.request, principal });
    this.#sessions.add(session);
    socket.on("message", (message) => session.receive(message));
    socket.on("drain", () => session.drained());
    socket.on("close", ({ code }) => {
      this.#sessions.delete(session);
      session.closed(code);
    });
  }

  /** Publish as the server. Rejects with a WireError, as a client's publish does. */
  async publish(channel: string, data: unknown, timing: PublishTiming = {}): Promise<PublishOk> {
    const match = isChannelName(channel) ? this.#contract.match(channel) : undefined;
    if (match === undefined) throw wireError("channel/unknown", `there is no channel ${channel}`);
    const dueAt = this.#dueAt(timing);
    return this.#processing.pipeline.publish({ channel, match, data, principal: serverPrincipal, dueAt });
  }

  /** Publish several messages as the server, in their order; one answer for each. */
  publishAll(channel: string, messages: readonly unknown[], timing?: PublishTiming): Promise<PublishOutcome[]> {
    const refused = (error: unknown): PublishOutcome => ({ stage: "refused", error: refusalOf(error) });
    return Promise.all(messages.map((data) => this.publish(channel, data, timing).catch(refused)));
  }

  /** The clients that are connected and known. */
  *clients(): Generator<BusClient<App>, undefined> {
    for (const session of this.#sessions) {
      const { id, principal } = session;
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the session holds the answers to the contract
      const call = session.request.bind(session) as BusClient<App>["call"];
      if (principal !== undefined) yield { session: id, principal, call };
    }
  }

  /** Ready to send every client away. */
  departure(options: Pick<DepartureOptions, "drainMs" | "retryAfterMs">): Departure {
    const { clock } = this.#services;
    return new Departure(this.#sessions, { ...options, clock, random: this.#random });
  }

  /** Give up what is being processed; resolves when whoever waits for it has been answered. */
  async stopProcessing(): Promise<void> {
    this.groups.close();
    this.#processing.close();
    // What was given up is answered in this turn.
    await new Promise<void>((resolve) => this.#turns.atEndOfTurn(resolve));
  }

  async close(): Promise<void> {
    for (const unwatch of this.#unwatch) unwatch();
    this.access.close();
    await this.#workers.close();
    await this.#processing.ended();
    this.#hub.close();
    this.#services.pushes.forget();
    await this.#store.close();
  }

  readonly #notClosed = (error: unknown): void => {
    this.logger.error("server/not-closed", { cause: causeText(error) });
  };

  #dueAt({ after, deliverAt }: PublishTiming): number | undefined {
    const dueAt = after === undefined ? deliverAt : this.#services.clock.wallTimeMs() + after;
    const ms = dueAt === undefined ? undefined : Number(dueAt);
    if (ms === undefined || (ms >= 0 && (after === undefined || deliverAt === undefined))) return ms;
    throw wireError("message/invalid", "deliverAt is a time, or after a time from now on: one of the two");
  }

  /** The engine's options for this server's sockets. */
  socketOptions(options: BusOptions<App>): ServerOptions {
    const { compression = false, keepalive = {}, limits = {}, origins = "same", path = "/bus", trustProxy } = options;
    const outboxBytesMax = this.#services.limits.outboxBytesMax + repliesBytesMax;
    return {
      path,
      origins,
      ...(trustProxy !== undefined && { trustProxy }),
      compression,
      keepalive,
      subprotocols: [subprotocol],
      authenticate: handshakeAuthenticator(this.access.guard(this.#authenticate)),
      onRefused: this.access.handshakeRefused,
      limits: { ...serverLimits.socket, ...limits.socket, outboxBytesMax },
      logger: this.logger,
    };
  }
}

/** What a bus is made of, besides its options. */
interface BusParts extends Foundations {
  readonly authority: Authority;
  readonly calls: CallTable;
  readonly hub: Hub;
  readonly workers: Workers;
  readonly processing: Processing;
  readonly groups: Groups;
}

/** What became of one message of several. */
export type PublishOutcome = PublishOk | { readonly stage: "refused"; readonly error: BusbarError };

function sessionLimitsOf<App>({ limits }: BusOptions<App>): SessionLimits {
  return { ...sessionLimits, ...limits?.session };
}
