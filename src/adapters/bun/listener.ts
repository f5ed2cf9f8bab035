import type { Transport } from "../../websocket/ports.js";
import type { Bun, BunSocket, BunSocketHandlers, BunTcpListener, BunTls } from "./bun.js";
import { BunTransport } from "./transport.js";

export interface BunListenerOptions {
  readonly bun: Bun;
  /** An address with a port, or the path of a Unix socket. */
  readonly where: { readonly hostname: string; readonly port: number } | { readonly unix: string };
  readonly tls: BunTls | undefined;
  /** More connections at once are dropped. */
  readonly connectionsMax: number;
  /** Takes each connection, on which nothing was read. */
  readonly accept: (transport: Transport) => void;
  /** Told of a peer that did not get through the handshake of TLS. */
  readonly onTlsFailed: (address: string, reason: string) => void;
}

/**
 * Listens with Bun's TCP, and brings each connection as a transport. Bun itself has the kernel send small segments at once
 * (`TCP_NODELAY`) on each connection that it takes.
 */
export class BunListener {
  readonly #options: BunListenerOptions;
  readonly #listener: BunTcpListener;
  #count = 0;
  readonly #onEmpty: (() => void)[] = [];

  /** @throws what Bun throws where it cannot listen. */
  constructor(options: BunListenerOptions) {
    const { bun, tls, where } = options;
    this.#options = options;
    this.#listener = bun.listen<BunTransport | undefined>({
      ...where,
      ...(tls && { tls }),
      allowHalfOpen: true,
      socket: this.#handlers(),
    });
  }

  get port(): number | undefined {
    return this.#listener.port;
  }

  /** Stop listening; resolves when all connections are gone. */
  async close(): Promise<void> {
    this.#listener.stop();
    if (this.#count > 0) await new Promise<void>((resolve) => this.#onEmpty.push(resolve));
  }

  #handlers(): BunSocketHandlers<BunTransport | undefined> {
    return {
      open: (socket) => this.#open(socket),
      data: ({ data: transport }, chunk) => transport?.received(chunk),
      drain: ({ data: transport }) => transport?.drained(),
      end: ({ data: transport }) => transport?.ended(),
      close: ({ data: transport }, error) => {
        if (transport === undefined) return;
        transport.closed(error);
        this.#left();
      },
      // `close` follows, with the same error.
      error: () => {},
      handshake: (socket, isDone, error) => {
        if (!isDone) this.#options.onTlsFailed(socket.remoteAddress ?? "local", error?.message ?? "it was cut");
      },
    };
  }

  #open(socket: BunSocket<BunTransport | undefined>): void {
    if (this.#count === this.#options.connectionsMax) return socket.close();
    this.#count++;
    const transport = new BunTransport(socket, this.#options.tls !== undefined);
    socket.data = transport;
    this.#options.accept(transport);
  }

  #left(): void {
    this.#count--;
    if (this.#count === 0) for (const resolve of this.#onEmpty.splice(0)) resolve();
  }
}
