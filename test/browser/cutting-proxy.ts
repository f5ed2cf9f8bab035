/** A TCP proxy that stands between a page and the server, and cuts the wire when a test says so. */
import { once } from "node:events";
import { connect, createServer, type Server, type Socket } from "node:net";

export class CuttingProxy {
  /** The port of the server behind it; another one from now on, when the server was started anew. */
  target: number;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #isUp = true;

  private constructor(target: number) {
    this.target = target;
    this.#server = createServer((socket) => this.#accept(socket));
  }

  /** Begin to listen, on a port that is free. */
  static async begin(target: number): Promise<CuttingProxy> {
    const proxy = new CuttingProxy(target);
    proxy.#server.listen(0, "127.0.0.1");
    await once(proxy.#server, "listening");
    return proxy;
  }

  get url(): string {
    const address = this.#server.address();
    return `http://127.0.0.1:${typeof address === "object" ? address?.port : ""}`;
  }

  /** Cut all connections, and let none through until `mend`. */
  cut(): void {
    this.#isUp = false;
    for (const socket of this.#sockets) socket.resetAndDestroy();
  }

  mend(): void {
    this.#isUp = true;
  }

  close(): Promise<void> {
    this.cut();
    return new Promise((resolve) => this.#server.close(() => resolve()));
  }

  #accept(near: Socket): void {
    if (!this.#isUp) {
      near.resetAndDestroy();
      return;
    }
    const far = connect(this.target, "127.0.0.1");
    this.#join(near, far);
    this.#join(far, near);
  }

  #join(from: Socket, to: Socket): void {
    this.#sockets.add(from);
    from.on("error", () => {});
    from.on("close", () => {
      this.#sockets.delete(from);
      to.destroy();
    });
    from.pipe(to);
  }
}
