/** A TCP proxy that can keep the server's answers back, and cut connections while they have not arrived. */
import { once } from "node:events";
import { connect, createServer, type Server, type Socket } from "node:net";

export class MutingProxy {
  /** The port of the server behind it; another one from now on, when the server was started anew. */
  target: number;
  /** How many connections have come. */
  connections = 0;
  readonly #server: Server;
  readonly #pairs = new Map<Socket, Socket>();

  private constructor(target: number) {
    this.target = target;
    this.#server = createServer((near) => this.#accept(near));
  }

  /** Begin to listen, on a port that is free. */
  static async begin(target: number): Promise<MutingProxy> {
    const proxy = new MutingProxy(target);
    proxy.#server.listen(0, "127.0.0.1");
    await once(proxy.#server, "listening");
    return proxy;
  }

  get url(): string {
    const address = this.#server.address();
    return `ws://127.0.0.1:${typeof address === "object" ? address?.port : ""}/bus`;
  }

  /** Pass on what clients say, and no answer, for the connections of now. */
  mute(): void {
    for (const [near, far] of this.#pairs) far.unpipe(near);
  }

  /** Cut the connections of now; what was kept back never arrives. */
  cut(): void {
    for (const [near, far] of this.#pairs) {
      near.resetAndDestroy();
      far.destroy();
    }
  }

  async close(): Promise<void> {
    this.cut();
    this.#server.close();
    await once(this.#server, "close");
  }

  #accept(near: Socket): void {
    this.connections++;
    const far = connect(this.target, "127.0.0.1");
    this.#pairs.set(near, far);
    for (const socket of [near, far]) {
      socket.on("error", () => {});
      socket.on("close", () => {
        this.#pairs.delete(near);
        near.destroy();
        far.destroy();
      });
    }
    near.pipe(far);
    far.pipe(near);
  }
}
