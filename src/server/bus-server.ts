import type { GroupHandler, GroupOptions, GroupSubscription } from "./groups.js";
import type { RevocationTarget } from "../auth/revocations.js";
import type { ChannelName, MessageOf, ParamsOf, PatternsOf, PublishOf } from "../contract/types.js";
import type { Contract } from "../contract/contract.js";
import type { WebSocketServer } from "../engine/web-socket-server.js";
import { BusbarError } from "../kernel/errors.js";
import { closeKinds } from "../wire/close-codes.js";
import type { TlsPair } from "./tls.js";
import type { PublishOk } from "../wire/messages.js";
import type { AuditControl } from "./access-control.js";
import type { Bus, PublishOutcome } from "./bus.js";
import type { BusClient, PublishTiming } from "./options.js";
import type { PolicyControl } from "./policy-control.js";
import type { PipelineControl } from "./pipeline-control.js";

/** A channel as the server's own code sees it. */
export interface ServerChannel<Data> {
  readonly name: string;
  /**
   * Publish as the principal `server`; what happens to clients' messages happens to this one, but for roles.
   *
   * Rejects with an error that has the wire's codes.
   */
  publish(data: Data, options?: PublishTiming): Promise<PublishOk>;
  /** Publish several messages, in their order; one outcome for each. */
  publishAll(messages: readonly Data[], options?: PublishTiming): Promise<PublishOutcome[]>;
}

export interface RevokeOptions {
  /** How long the revocation is known, in milliseconds. Default: `limits.revocations.revocationKeepMs`, 30 days. */
  readonly forMs?: number;
}

export interface CloseOptions {
  /** After so much time the first clients come back; the others later, so that they do not come at once. Default: 1 s. */
  readonly retryAfterMs?: number;
  /**
   * The clients are sent away one after the other within so much time, and come back as slowly; meanwhile the server goes on
   * for those who are left, and lets nobody else in. Default: 0, all at once.
   */
  readonly drainMs?: number;
}

export interface BusServerOptions<App extends Contract> {
  readonly bus: Bus<App>;
  readonly sockets: WebSocketServer;
  readonly port: number | undefined;
  readonly url: string | undefined;
  /** Undefined where there is no TLS of its own. */
  readonly reloadTls: ((pair: TlsPair | undefined) => void) | undefined;
  /** Takes no more connections; resolves when those that are no sockets have ended. */
  readonly stop: () => Promise<void>;
}

const retryAfterDefaultMs = 1000;

/** A server that is running. */
export class BusServer<App extends Contract> implements AsyncDisposable {
  /** Where clients connect to; undefined where the server is attached to another. */
  readonly url: string | undefined;
  readonly port: number | undefined;
  readonly #options: BusServerOptions<App>;
  #closed: Promise<void> | undefined;

  constructor(options: BusServerOptions<App>) {
    this.#options = options;
    this.url = options.url;
    this.port = options.port;
  }

  /** How many clients are connected. */
  get connections(): number {
    return this.#options.bus.connections;
  }

  channel<Name extends ChannelName<App>>(name: Name): ServerChannel<PublishOf<App, Name>> {
    const { bus } = this.#options;
    return {
      name,
      publish: (data, options) => bus.publish(name, data, options),
      publishAll: (messages, options) => bus.publishAll(name, messages, options),
    };
  }

  /** The pipeline: where messages are, dead letters, figures. */
  get pipeline(): PipelineControl {
    return this.#options.bus.pipeline;
  }

  /**
   * Follow all channels of a pattern as a member of a group: a durable cursor with a name. Its members share the work, a
   * message is acknowledged when its handler has returned, and the group goes on where it stood after any restart.
   *
   * Rejects with `group/invalid`, `group/no-store`, or what the store rejects with.
   */
  subscribe<const Pattern extends PatternsOf<App>>(
    pattern: Pattern,
    options: GroupOptions<MessageOf<App, Pattern>, ParamsOf<Pattern>>,
    handler: GroupHandler<MessageOf<App, Pattern>, ParamsOf<Pattern>>,
  ): Promise<GroupSubscription> {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the contract's schemas made the messages
    return this.#options.bus.groups.subscribe(pattern, options as never, handler as never);
  }

  /** Forget a group and where it stood. Rejects with `group/invalid` while it has members. */
  forgetGroup(name: string): Promise<void> {
    return this.#options.bus.groups.forget(name);
  }

  /** Who may do what: which rule decides, who would lose what, and another policy in the place of this one. */
  get policy(): PolicyControl {
    return this.#options.bus.policy;
  }

  /**
   * Give a principal these roles from now on, on all of its connections, whatever its credentials say; undefined: those of
   * its credentials again. In memory: a server that starts again knows nothing of it. Every command and every message is
   * decided by them at once; resolves when what they do not allow any more has ended.
   *
   * Rejects with `policy/too-many-assignments`; nothing has changed then.
   */
  roles(principalId: string, roles: readonly string[] | undefined): Promise<void> {
    return this.#options.bus.policy.assign(principalId, roles);
  }

  /** Who was let in, refused, revoked, denied. */
  get audit(): AuditControl {
    const { trail } = this.#options.bus.access;
    return { recent: () => trail.recent() };
  }

  /**
   * End every session of a principal, or of a token by its id (the claim `jti`), and refuse it from now on: a token until
   * it is forgotten after `forMs` (default: 30 days; give more for tokens that live longer), a principal's credentials
   * unless they say, with the claim `iat`, that they were issued later. In memory: a server that starts again knows
   * nothing of it. Returns how many sessions ended.
   *
   * @throws BusbarError `auth/too-many-revocations`; the sessions have ended then.
   */
  revoke(target: RevocationTarget, { forMs }: RevokeOptions = {}): number {
    return this.#options.bus.access.revoke(target, forMs);
  }

  /** Take a revocation back; false where there was none. */
  reinstate(target: RevocationTarget): boolean {
    return this.#options.bus.access.reinstate(target);
  }

  /**
   * End a session, and refuse the token that it was let in with where that has an id; false where there is no such
   * session. The client does not come back by itself.
   *
   * @example handle: { logout: (_input, { client }) => void server.logout(client) }
   * @throws BusbarError `auth/too-many-revocations`; the session has ended then.
   */
  logout({ session }: Pick<BusClient<App>, "session">): boolean {
    return this.#options.bus.access.logout(session);
  }

  /** The clients that are connected, to be asked for what they offer. */
  clients(): Iterable<BusClient<App>> {
    return this.#options.bus.clients();
  }

  /**
   * Use this key and certificate for the connections that come from now on, or read the files again that `tls` names. Open
   * connections stay as they are.
   *
   * @throws BusbarError `tls/unusable`, or `tls/none` where this server has no TLS of its own; then all is as it was.
   */
  reloadTls(pair?: TlsPair): void {
    const { reloadTls } = this.#options;
    if (reloadTls === undefined) {
      throw new BusbarError("tls/none", "this server was not given the option tls: there is nothing to be read again");
    }
    reloadTls(pair);
  }

  /**
   * Tell the clients when to come back, close their connections, and stop. Once; resolves when all are gone.
   *
   * @example process.on("SIGTERM", () => server.close({ drainMs: 10_000 }))
   */
  close({ drainMs = 0, retryAfterMs = retryAfterDefaultMs }: CloseOptions = {}): Promise<void> {
    this.#closed ??= this.#close({ drainMs, retryAfterMs });
    return this.#closed;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(options: Required<CloseOptions>): Promise<void> {
    const { bus, sockets, stop } = this.#options;
    const departure = bus.departure(options);
    sockets.refuse(() => Math.ceil(departure.retryAfterMs / 1000));
    if (options.drainMs > 0) await departure.run();
    await bus.stopProcessing();
    // All of them, or those that answered slowly.
    await bus.departure({ ...options, drainMs: 0 }).run();
    const { code, reason } = closeKinds.restart;
    await sockets.close(code, reason);
    await stop();
    await bus.close();
  }
}
