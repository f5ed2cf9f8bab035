import type { ChannelName, PublishOf } from "../contract/types.js";
import type { Contract } from "../contract/contract.js";
import type { WebSocketServer } from "../engine/web-socket-server.js";
import { closeKinds } from "../wire/close-codes.js";
import type { PublishOk } from "../wire/messages.js";
import type { Bus, PublishOutcome } from "./bus.js";
import type { BusClient, PublishTiming } from "./options.js";
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

export interface CloseOptions {
  /** After so much time the first clients come back; the others later, so that they do not come at once. */
  readonly retryAfterMs?: number;
}

export interface BusServerOptions<App extends Contract> {
  readonly bus: Bus<App>;
  readonly sockets: WebSocketServer;
  readonly port: number | undefined;
  readonly url: string | undefined;
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

  /** The clients that are connected, to be asked for what they offer. */
  clients(): Iterable<BusClient<App>> {
    return this.#options.bus.clients();
  }

  /** Tell the clients when to come back, close their connections, and stop. Once; resolves when all are gone. */
  close({ retryAfterMs = retryAfterDefaultMs }: CloseOptions = {}): Promise<void> {
    this.#closed ??= this.#close(retryAfterMs);
    return this.#closed;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(retryAfterMs: number): Promise<void> {
    const { bus, sockets, stop } = this.#options;
    await bus.sayGoodbye(retryAfterMs);
    const { code, reason } = closeKinds.restart;
    await sockets.close(code, reason);
    await stop();
    await bus.close();
  }
}
