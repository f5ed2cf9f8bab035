import { MemoryStore } from "../../src/adapters/memory/memory-store.js";
import type { AuditEntry } from "../../src/auth/audit-event.js";
import type { AuthenticationRequest } from "../../src/auth/authenticator.js";
import { Authority } from "../../src/auth/authority.js";
import { basic } from "../../src/engine/passwords.js";
import type { Principal } from "../../src/auth/principal.js";
import { Revocations } from "../../src/auth/revocations.js";
import { channel } from "../../src/contract/channel.js";
import { contract } from "../../src/contract/contract.js";
import type { Params } from "../../src/contract/pattern.js";
import { Hub } from "../../src/hub/hub.js";
import type { LogFields, Logger } from "../../src/kernel/logger.js";
import { LocalExecutor } from "../../src/pipeline/executor.js";
import { Pipeline } from "../../src/pipeline/pipeline.js";
import type { Processor } from "../../src/pipeline/processor.js";
import type { LinkRequest } from "../../src/session/admission.js";
import { sessionLimits, type SessionLimits } from "../../src/session/limits.js";
import type { Link } from "../../src/session/link.js";
import { LiveMarks } from "../../src/session/live-marks.js";
import { PushEncoder } from "../../src/session/push-encoder.js";
import type { SessionServices } from "../../src/session/services.js";
import { WallClockWatch } from "../../src/session/wall-clock-watch.js";
import { SessionRegistry } from "../../src/session/session-registry.js";
import { Session } from "../../src/session/session.js";
import type { LogOptions } from "../../src/hub/store.js";
import { SeededRandom } from "../../src/testing/seeded-random.js";
import { VirtualClock } from "../../src/testing/virtual-clock.js";
import type { PreparedMessage } from "../../src/websocket/prepared-message.js";
import { deliverAll } from "../../src/server/deliveries.js";
import { wireError } from "../../src/wire/errors.js";
import { z } from "zod";

/** The other end of a session, in memory: it reads when the test says so. */
export class FakeLink implements Link {
  readonly sent: PreparedMessage[] = [];
  bufferedBytes = 0;
  /** Whether what is sent waits until `drain`. */
  isSlow = false;
  bufferedBytesMax = Number.POSITIVE_INFINITY;
  closedWith: { code: number; reason: string } | undefined;

  send(message: PreparedMessage): boolean {
    if (this.closedWith !== undefined || this.bufferedBytes >= this.bufferedBytesMax) return false;
    this.sent.push(message);
    if (this.isSlow) this.bufferedBytes += message.data.length;
    return true;
  }

  close(code: number, reason: string): void {
    this.closedWith ??= { code, reason };
  }

  /** Everything that came since the last call, parsed. */
  take(): Record<string, unknown>[] {
    return this.sent.splice(0).map(({ data }) => JSON.parse(String(data)));
  }
}

export const roomContract = contract({
  "chat/:room": channel({
    message: z.object({ text: z.string().min(1) }),
    presence: z.object({ name: z.string() }),
    history: { keep: 5 },
    allow: { subscribe: ["member", "reader"], publish: ["member"], presence: ["member", "reader"] },
  }),
  "bare/:n": channel({
    message: z.unknown(),
    allow: { subscribe: ["member"], publish: ["member"], presence: ["member"] },
  }),
  secret: channel({ message: z.unknown() }),
});

const users = {
  ada: { password: "lovelace", roles: ["member"] },
  rob: { password: "reads", roles: ["reader"] },
};

const knowsUsers = basic(users);

export const request: AuthenticationRequest = {
  url: "/bus",
  path: "/bus",
  headers: { get: () => undefined },
  cookies: new Map(),
  remoteAddress: "192.0.2.1",
  credentials: undefined,
};

export const linkRequest: LinkRequest = { remoteAddress: request.remoteAddress, toAuthenticate: () => request };

export function principal(id: string, ...roles: string[]): Principal {
  return { id, roles, claims: {}, expiresAtMs: undefined };
}

export interface LogLine {
  readonly level: keyof Logger;
  readonly event: string;
  readonly fields: LogFields;
}

/** Hub, pipeline and store in memory on a virtual clock, and sessions on links in memory. */
export class SessionWorld {
  readonly clock = new VirtualClock();
  readonly lines: LogLine[] = [];
  /** What the audit trail was told. */
  readonly audited: AuditEntry[] = [];
  readonly revocations: Revocations = new Revocations(this.clock);
  readonly store: MemoryStore;
  readonly hub: Hub;
  readonly services: SessionServices;
  #known: Principal | undefined;

  constructor(
    limits: Partial<SessionLimits> = {},
    processors = new Map<string, Processor<unknown, Params, Principal>>(),
  ) {
    const { clock, logger } = this;
    const random = new SeededRandom(1);
    this.store = new MemoryStore({ clock, random });
    const nothing = { keep: 0, forMs: Infinity, bytesMax: Infinity };
    const optionsOf = (name: string): LogOptions => ({
      retention: roomContract.match(name)?.definition.history ?? nothing,
      durability: "memory",
    });
    this.hub = new Hub({ store: this.store, clock, logger, optionsOf });
    const { hub } = this;
    const deliver = hub.publish.bind(hub);
    const find = hub.find.bind(hub);
    this.services = {
      contract: roomContract,
      hub,
      messages: { follow: () => Promise.reject(wireError("message/unknown", "nothing is queued here")) },
      pipeline: new Pipeline<Principal>({
        executor: new LocalExecutor({ processors, match: (name) => roomContract.match(name), emitsMax: 10 }),
        isQueued: () => false,
        accept: () => Promise.reject(new Error("nothing is queued here")),
        deliver,
        deliverAll: (outputs) => deliverAll(hub, outputs),
        find,
        clock,
        random,
        logger,
      }),
      authenticate: (asked) => this.#known ?? knowsUsers(asked),
      revocations: this.revocations,
      authority: new Authority({ contract: roomContract, logger }),
      audit: (entry) => void this.audited.push(entry),
      marks: new LiveMarks(clock),
      wallClock: new WallClockWatch(clock),
      pushes: new PushEncoder({ clock, sizeMax: 1_000_000 }),
      calls: new Map(),
      registry: new SessionRegistry(),
      clock,
      random,
      logger,
      limits: { ...sessionLimits, ...limits },
    };
  }

  get logger(): Logger {
    const line =
      (level: keyof Logger) =>
      (event: string, fields: LogFields = {}) =>
        void this.lines.push({ level, event, fields });
    return { debug: line("debug"), info: line("info"), warn: line("warn"), error: line("error") };
  }

  /** Take all credentials from now on for this principal's. */
  authenticateAs(known: Principal): void {
    this.#known = known;
  }

  /** A client that has not said anything. */
  connect(known?: Principal, services: Partial<SessionServices> = {}): Client {
    const { contract } = services;
    const authority = contract === undefined ? {} : { authority: new Authority({ contract, logger: this.logger }) };
    return new Client({ ...this.services, ...authority, ...services }, known, this.clock);
  }

  /** A client that has been greeted. */
  async open(known: Principal = principal("ada", "member")): Promise<Client> {
    const client = this.connect(known);
    await client.ask({ do: "hello" });
    return client;
  }
}

/** A client at the end of a link in memory. */
export class Client {
  readonly link = new FakeLink();
  readonly session: Session;
  readonly #clock: VirtualClock;
  #id = 0;

  constructor(services: SessionServices, known: Principal | undefined, clock: VirtualClock) {
    this.session = new Session(services, { link: this.link, request: linkRequest, principal: known });
    this.#clock = clock;
  }

  /** Send a command with the next id; returns the id. */
  send(command: Record<string, unknown>): number {
    const id = ++this.#id;
    this.session.receive(JSON.stringify({ id, ...command }));
    return id;
  }

  /** Send a command and see everything that comes back until nothing moves any more. */
  async ask(command: Record<string, unknown>): Promise<Record<string, unknown>[]> {
    this.send(command);
    return this.settled();
  }

  async settled(): Promise<Record<string, unknown>[]> {
    await this.#clock.settle();
    return this.link.take();
  }

  /** Let everything that is buffered leave. */
  drain(): void {
    this.link.bufferedBytes = 0;
    this.session.drained();
  }
}
