import { MemoryStore } from "../adapters/memory/memory-store.js";
import { nodeClock, NodeTurns } from "../adapters/node/clock.js";
import { consoleLogger } from "../adapters/node/logger.js";
import { NodeRandom } from "../adapters/node/random.js";
import { firstOf, type Authenticator } from "../auth/authenticator.js";
import type { Principal } from "../auth/principal.js";
import type { Contract } from "../contract/contract.js";
import { authenticationRequest } from "../engine/handshake-request.js";
import type { ServerOptions } from "../engine/options.js";
import type { ServerSocket } from "../engine/socket-host.js";
import { Hub } from "../hub/hub.js";
import { causeText } from "../kernel/cause-text.js";
import type { Logger } from "../kernel/logger.js";
import { TimingWheel } from "../kernel/timing-wheel.js";
import { Pipeline } from "../pipeline/pipeline.js";
import { sessionLimits, type SessionLimits } from "../session/limits.js";
import { PushEncoder } from "../session/push-encoder.js";
import type { SessionServices } from "../session/services.js";
import { Session } from "../session/session.js";
import { closeKinds } from "../wire/close-codes.js";
import { wireError } from "../wire/errors.js";
import type { PublishOk } from "../wire/messages.js";
import { subprotocol } from "../wire/subprotocol.js";
import { isChannelName } from "../wire/channel-name.js";
import { handshakeAuthenticator, nobodyYet } from "./handshake-authenticator.js";
import type { BusOptions } from "./options.js";
import { processorTable } from "./processor-table.js";
import { SocketLink } from "./socket-link.js";

/** The longest message of a client, in bytes. */
const messageBytesMax = 65_536;

/** What can wait for a client beyond the session's limit: replies, which are not left out. */
const repliesBytesMax = 1_048_576;

/** At a stop the clients are spread so that about so many come back in a second. */
const returnsPerSecondMax = 1000;

/** Who publishes where the server itself does. */
const serverPrincipal: Principal = { id: "server", roles: [], claims: {}, expiresAtMs: undefined };

/** The parts of a server, put together, without an HTTP server below them. */
export class Bus<App extends Contract> {
  readonly logger: Logger;
  readonly #contract: App;
  readonly #authenticate: Authenticator;
  readonly #random = new NodeRandom();
  readonly #turns = new NodeTurns();
  readonly #store: MemoryStore;
  readonly #pipeline: Pipeline<Principal>;
  readonly #services: SessionServices;
  readonly #sessions = new Set<Session>();

  /** @throws BusbarError `server/no-such-pattern`. */
  constructor(app: App, options: BusOptions<App>) {
    const { limits = {}, logger = consoleLogger() } = options;
    const clock = new TimingWheel(nodeClock);
    this.logger = logger;
    this.#contract = app;
    this.#authenticate = firstOf([options.authenticate].flat());
    this.#store = new MemoryStore({ random: this.#random, limits: limits.memory ?? {} });
    const retentionOf = (channel: string) => app.match(channel)?.definition.history ?? { keep: 0 };
    const hub = new Hub({ store: this.#store, turns: this.#turns, logger, retentionOf, limits: limits.hub ?? {} });
    const processors = processorTable(app, options.process ?? {});
    const deliver = hub.publish.bind(hub);
    this.#pipeline = new Pipeline({ processors, deliver, clock, logger, limits: limits.pipeline ?? {} });
    this.#services = {
      contract: app,
      hub,
      pipeline: this.#pipeline,
      authenticate: this.#authenticate,
      pushes: new PushEncoder(),
      clock,
      random: this.#random,
      logger,
      limits: sessionLimitsOf(options),
    };
  }

  get connections(): number {
    return this.#sessions.size;
  }

  /** Take a socket: it is a session from now on. */
  take(socket: ServerSocket): void {
    const onFailure = (error: unknown): void => {
      this.logger.error("server/not-closed", { cause: causeText(error) });
    };
    const link = new SocketLink(socket, onFailure);
    if (socket.protocol !== subprotocol) {
      const { code, reason } = closeKinds.wrongSubprotocol;
      this.logger.warn("server/wrong-subprotocol", { address: socket.request.remoteAddress });
      return link.close(code, reason);
    }
    const principal = socket.principal === nobodyYet ? undefined : socket.principal;
    const session = new Session(this.#services, { link, request: authenticationRequest(socket.request), principal });
    this.#sessions.add(session);
    socket.on("message", (message) => session.receive(message));
    socket.on("drain", () => session.drained());
    socket.on("close", () => {
      this.#sessions.delete(session);
      session.closed();
    });
  }

  /** Publish as the server. Rejects with a WireError, as a client's publish does. */
  async publish(channel: string, data: unknown): Promise<PublishOk> {
    const match = isChannelName(channel) ? this.#contract.match(channel) : undefined;
    if (match === undefined) throw wireError("channel/unknown", `there is no channel ${channel}`);
    return this.#pipeline.publish({ channel, match, data, principal: serverPrincipal });
  }

  /** Give up what is being processed, then tell every client when to come back. Resolves when that is on its way. */
  async sayGoodbye(retryAfterMs: number): Promise<void> {
    this.#pipeline.close();
    // What was given up is answered in this turn.
    await new Promise<void>((resolve) => this.#turns.atEndOfTurn(resolve));
    const spreadMs = Math.max(retryAfterMs, (this.#sessions.size / returnsPerSecondMax) * 1000);
    for (const session of this.#sessions) {
      session.goodbye(Math.round(retryAfterMs + this.#random.fraction() * spreadMs));
    }
  }

  close(): Promise<void> {
    return this.#store.close();
  }

  /** The engine's options for this server's sockets. */
  socketOptions(options: BusOptions<App>): ServerOptions {
    const { compression = false, keepalive = {}, limits = {}, origins = "same", path = "/bus" } = options;
    const outboxBytesMax = this.#services.limits.outboxBytesMax + repliesBytesMax;
    return {
      path,
      origins,
      compression,
      keepalive,
      subprotocols: [subprotocol],
      authenticate: handshakeAuthenticator(this.#authenticate),
      limits: { messageBytesMax, ...limits.socket, outboxBytesMax },
      logger: this.logger,
    };
  }
}

function sessionLimitsOf<App>({ limits }: BusOptions<App>): SessionLimits {
  return { ...sessionLimits, ...limits?.session };
}
