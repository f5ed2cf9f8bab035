import type { ClientSocket, SocketClose, SocketFactory, SocketListener } from "../client/ports.js";
import type { Clock } from "../kernel/clock.js";
import type { SeededRandom } from "./seeded-random.js";

/** The server's end of a connection in memory. */
export interface MemoryPeer {
  readonly url: string;
  readonly subprotocol: string;
  /** Send text; dropped when the connection is over. */
  send(text: string): void;
  close(code: number, reason?: string): void;
}

/** What the server wants to hear of one connection. */
export interface MemoryPeerListener {
  messageReceived(text: string): void;
  /** Called once; nothing follows. */
  peerClosed(close: SocketClose): void;
}

export interface MemoryNetworkOptions {
  readonly clock: Clock;
  readonly random: SeededRandom;
  /** A message takes from none to so many milliseconds, and never overtakes another. Default: 0. */
  readonly latencyMsMax?: number;
  /** How likely it is that a connection is cut when a message is sent. Default: 0. */
  readonly cutChance?: number;
}

const abnormal: SocketClose = { code: 1006, reason: "" };

/**
 * WebSockets without a network: deliveries are timers of a clock, and what fails comes from a seed.
 *
 * Nothing is delivered before the clock is moved, not even with no latency.
 */
export class MemoryNetwork implements SocketFactory {
  /** While it is false every attempt to open a socket fails. */
  isUp = true;
  /** While it is true nothing arrives anywhere, and nobody is told: a cable was pulled. */
  isSilent = false;
  latencyMsMax: number;
  cutChance: number;
  readonly #options: MemoryNetworkOptions;
  readonly #connections = new Set<MemoryConnection>();
  #accept: ((peer: MemoryPeer) => MemoryPeerListener) | undefined;

  constructor(options: MemoryNetworkOptions) {
    this.#options = options;
    this.latencyMsMax = options.latencyMsMax ?? 0;
    this.cutChance = options.cutChance ?? 0;
  }

  /** How many connections there are. */
  get connectionCount(): number {
    return this.#connections.size;
  }

  /** Be the server: `accept` is called for each connection. */
  listen(accept: (peer: MemoryPeer) => MemoryPeerListener): void {
    this.#accept = accept;
  }

  open(url: string, subprotocol: string, listener: SocketListener): ClientSocket {
    const connection = new MemoryConnection({ url, subprotocol, listener, wire: this.#wire() });
    connection.toServer(() => {
      if (this.#accept === undefined || !this.isUp) return connection.cut();
      this.#connections.add(connection);
      connection.accept(this.#accept);
    });
    return connection.client;
  }

  /** Cut all connections: what is under way is lost, and both ends are told 1006. */
  cut(): void {
    for (const connection of this.#connections) connection.cut();
  }

  #wire(): Wire {
    const { clock, random } = this.#options;
    const isCutNow = (): boolean => this.cutChance > 0 && random.fraction() < this.cutChance;
    return {
      deliver: (pipe, task) => {
        pipe.freeAtMs = Math.max(pipe.freeAtMs, clock.now() + random.integer(0, this.latencyMsMax));
        clock.schedule(pipe.freeAtMs - clock.now(), () => {
          if (!this.isSilent) task();
        });
      },
      isCutNow,
      over: (connection) => this.#connections.delete(connection),
    };
  }
}

/** One direction of a connection: when it can carry the next message. */
interface Pipe {
  freeAtMs: number;
}

interface Wire {
  deliver(pipe: Pipe, task: () => void): void;
  isCutNow(): boolean;
  over(connection: MemoryConnection): void;
}

interface MemoryConnectionOptions {
  readonly url: string;
  readonly subprotocol: string;
  readonly listener: SocketListener;
  readonly wire: Wire;
}

class MemoryConnection {
  readonly client: ClientSocket;
  readonly #options: MemoryConnectionOptions;
  readonly #up: Pipe = { freeAtMs: 0 };
  readonly #down: Pipe = { freeAtMs: 0 };
  #server: MemoryPeerListener | undefined;
  #isClientTold = false;
  #isServerTold = false;

  constructor(options: MemoryConnectionOptions) {
    this.#options = options;
    this.client = {
      send: (text) => this.#send(() => this.toServer(() => this.#server?.messageReceived(text))),
      close: (code) => {
        const close = { code, reason: "" };
        this.toServer(() => this.#tellServer(close));
        this.#toClient(() => this.#tellClient(close));
      },
    };
  }

  accept(accept: (peer: MemoryPeer) => MemoryPeerListener): void {
    const { url, subprotocol, listener } = this.#options;
    this.#toClient(() => listener.socketOpened());
    this.#server = accept({
      url,
      subprotocol,
      send: (text) => this.#send(() => this.#toClient(() => listener.messageReceived(text))),
      close: (code, reason = "") => {
        this.#toClient(() => this.#tellClient({ code, reason }));
        this.toServer(() => this.#tellServer({ code, reason }));
      },
    });
  }

  cut(): void {
    this.#tellServer(abnormal);
    this.#tellClient(abnormal);
  }

  toServer(task: () => void): void {
    this.#options.wire.deliver(this.#up, () => {
      if (!this.#isServerTold) task();
    });
  }

  #toClient(task: () => void): void {
    this.#options.wire.deliver(this.#down, () => {
      if (!this.#isClientTold) task();
    });
  }

  #send(deliver: () => void): void {
    if (this.#isServerTold || this.#isClientTold) return;
    deliver();
    if (this.#options.wire.isCutNow()) this.#options.wire.deliver({ freeAtMs: 0 }, () => this.cut());
  }

  #tellServer(close: SocketClose): void {
    if (this.#isServerTold) return;
    this.#isServerTold = true;
    this.#options.wire.over(this);
    this.#server?.peerClosed(close);
  }

  #tellClient(close: SocketClose): void {
    if (this.#isClientTold) return;
    this.#isClientTold = true;
    this.#options.listener.socketClosed(close);
  }
}
