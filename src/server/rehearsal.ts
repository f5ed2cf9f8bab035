import { MemoryStore } from "../adapters/memory/memory-store.js";
import { firstOf, type Authenticator } from "../auth/authenticator.js";
import { Authority } from "../auth/authority.js";
import type { Principal } from "../auth/principal.js";
import { Revocations } from "../auth/revocations.js";
import { openBus, type Bus, type BusOptions as ClientOptions } from "../client/index.js";
import type { Contract } from "../contract/contract.js";
import type { ChannelName, PublishOf } from "../contract/types.js";
import { Hub } from "../hub/hub.js";
import type { Retention } from "../hub/store.js";
import { silentLogger } from "../kernel/logger.js";
import { LocalExecutor } from "../pipeline/executor.js";
import { pipelineLimits } from "../pipeline/pipeline.js";
import { sessionLimits } from "../session/limits.js";
import { LiveMarks } from "../session/live-marks.js";
import { PushEncoder } from "../session/push-encoder.js";
import type { SessionServices } from "../session/services.js";
import { SessionRegistry } from "../session/session-registry.js";
import { WallClockWatch } from "../session/wall-clock-watch.js";
import type { LinkRequest } from "../session/admission.js";
import { Session } from "../session/session.js";
import { MemoryNetwork, type MemoryPeer, type MemoryPeerListener } from "../testing/memory-network.js";
import { SeededRandom } from "../testing/seeded-random.js";
import { VirtualClock } from "../testing/virtual-clock.js";
import type { PublishOk } from "../wire/messages.js";
import { wireError } from "../wire/errors.js";
import { callTable } from "./call-table.js";
import { jobsOf } from "./composition.js";
import { Processing } from "./processing.js";
import type { BusOptions } from "./options.js";
import { processorTable } from "../pipeline/processor-table.js";

export interface RehearsalOptions<App> extends Pick<BusOptions<App>, "authenticate" | "handle" | "policy" | "process"> {
  /** All randomness comes from it: delays, ids, faults of the network. Default: 1. */
  readonly seed?: number;
}

const nothing: Retention = { keep: 0, forMs: Infinity, bytesMax: Infinity };

const serverPrincipal: Principal = { id: "server", roles: [], claims: {}, expiresAtMs: undefined };

/**
 * An application's server and its clients in one process, without sockets and without time of their own: what happens is
 * the same in every run with the same seed.
 *
 * Nothing moves before the clock is moved. Logs are in memory, whatever durability the contract asks for.
 *
 * @example
 * const rehearsal = new Rehearsal(app, { authenticate: basic(users) });
 * const ada = rehearsal.connect({ auth: () => ({ scheme: "basic", username: "ada", password: "difference" }) });
 * const receipt = ada.channel("chat/lobby").publish({ text: "hello" });
 * await rehearsal.clock.pass(1000);
 * expect(await receipt).toMatchObject({ stage: "delivered" });
 */
export class Rehearsal<App extends Contract> {
  readonly clock: VirtualClock = new VirtualClock();
  /** Its latency and its faults can be set at any time; `cut()` cuts all connections. */
  readonly network: MemoryNetwork;
  readonly #app: App;
  readonly #authenticate: Authenticator;
  readonly #random: SeededRandom;
  readonly #hub: Hub;
  readonly #processing: Processing;
  readonly #services: SessionServices;

  /** @throws BusbarError `server/no-such-pattern`, `server/no-processor`, `server/no-handler`, `policy/invalid`. */
  constructor(app: App, { authenticate, handle = {}, policy, process = {}, seed = 1 }: RehearsalOptions<App>) {
    const { clock } = this;
    const random = new SeededRandom(seed);
    const logger = silentLogger;
    const store = new MemoryStore({ clock, random });
    this.#app = app;
    this.#random = random;
    this.#authenticate = firstOf([authenticate].flat());
    this.#hub = new Hub({
      store,
      clock,
      logger,
      optionsOf: (name) => ({ retention: app.match(name)?.definition.history ?? nothing, durability: "memory" }),
    });
    const hub = this.#hub;
    const table = processorTable<Principal>(app, process);
    const executor = new LocalExecutor({ ...table, match: app.match.bind(app), emitsMax: pipelineLimits.emitsMax });
    this.#processing = new Processing({
      ...table,
      app,
      hub,
      executor,
      clock,
      random,
      logger,
      stores: {
        memory: jobsOf(store),
        disk: undefined,
      },
      durabilityOf: () => "memory",
      limits: {},
    });
    this.#services = {
      contract: app,
      hub: this.#hub,
      pipeline: this.#processing.pipeline,
      messages: this.#processing,
      authenticate: this.#authenticate,
      revocations: new Revocations(clock),
      authority: new Authority({ contract: app, policy, logger }),
      audit: () => undefined,
      marks: new LiveMarks(clock),
      wallClock: new WallClockWatch(clock),
      pushes: new PushEncoder({ clock, sizeMax: sessionLimits.outboxBytesMax }),
      calls: callTable(app, handle),
      registry: new SessionRegistry(),
      clock,
      random,
      logger,
      limits: sessionLimits,
    };
    this.network = new MemoryNetwork({ clock, random });
    this.network.listen((peer) => this.#accept(peer));
  }

  /** A client, as `connect` of `busbar/client` makes one, on this network and this clock. */
  connect(options: ClientOptions = {}): Bus<App> {
    return openBus<App>("ws://rehearsal.invalid/bus", options, {
      sockets: this.network,
      clock: this.clock,
      random: this.#random,
      surroundings: { watch: () => () => {} },
      reportDefect: (error) => {
        throw error;
      },
    });
  }

  /** Publish as the server. Rejects as a client's publish does. */
  publish<const Name extends ChannelName<App>>(channel: Name, data: PublishOf<App, Name>): Promise<PublishOk> {
    const match = this.#app.match(channel);
    if (match === undefined) return Promise.reject(wireError("channel/unknown", `there is no channel ${channel}`));
    return this.#processing.pipeline.publish({ channel, match, data, principal: serverPrincipal });
  }

  #accept(peer: MemoryPeer): MemoryPeerListener {
    const link = {
      bufferedBytes: 0,
      send: ({ data }: { readonly data: string | Uint8Array }) => {
        peer.send(String(data));
        return true;
      },
      close: (code: number, reason: string) => peer.close(code, reason),
    };
    const session = new Session(this.#services, { link, request, principal: undefined });
    return {
      messageReceived: (text) => session.receive(text),
      peerClosed: ({ code }) => session.closed(code),
    };
  }
}

const request: LinkRequest = {
  remoteAddress: "rehearsal",
  toAuthenticate: () => ({
    url: "/bus",
    path: "/bus",
    headers: { get: () => undefined },
    cookies: new Map(),
    remoteAddress: "rehearsal",
    credentials: undefined,
  }),
};
