/** A TCP proxy that cuts every connection after a random time. */
import { once } from "node:events";
import { connect, createServer, type Server, type Socket } from "node:net";
import type { SeededRandom } from "busbar/testing";

export interface JitterProxyOptions {
  /** The port of the server behind it. */
  readonly target: number;
  /** How long a connection lives, on average; the times are spread exponentially. */
  readonly meanLifeMs: number;
  readonly random: SeededRandom;
}

export class JitterProxy {
  /** How many connections it has cut. */
  cuts = 0;
  readonly #options: JitterProxyOptions;
  readonly #server: Server;
  readonly #ends = new Set<() => void>();
  #isCalm = false;

  private constructor(options: JitterProxyOptions) {
    this.#options = options;
    this.#server = createServer({ noDelay: true }, (near) => this.#accept(near));
  }

  /** Begin to listen, on a port that is free. */
  static async begin(options: JitterProxyOptions): Promise<JitterProxy> {
    const proxy = new JitterProxy(options);
    proxy.#server.listen({ port: 0, host: "127.0.0.1", backlog: 4_096 });
    await once(proxy.#server, "listening");
    return proxy;
  }

  get port(): number {
    const address = this.#server.address();
    return typeof address === "object" && address !== null ? address.port : 0;
  }

  /** Cut nobody any more. */
  calm(): void {
    this.#isCalm = true;
  }

  async close(): Promise<void> {
    for (const end of this.#ends) end();
    this.#server.close();
    await once(this.#server, "close");
  }

  #accept(near: Socket): void {
    const { meanLifeMs, random, target } = this.#options;
    const far = connect({ port: target, host: "127.0.0.1", noDelay: true });
    const lifeMs = -Math.log(1 - random.fraction()) * meanLifeMs;
    // Half of the cuts are resets; the others look like a close of the other side, without a close frame.
    const isReset = random.fraction() < 0.5;
    const end = (): void => {
      for (const socket of [near, far]) {
        if (isReset) socket.resetAndDestroy();
        else socket.destroy();
      }
    };
    const timer = setTimeout(() => {
      if (this.#isCalm) return;
      this.cuts++;
      end();
    }, lifeMs);
    this.#ends.add(end);
    const ended = (): void => {
      clearTimeout(timer);
      this.#ends.delete(end);
      near.destroy();
      far.destroy();
    };
    for (const socket of [near, far]) {
      socket.on("error", () => {});
      socket.on("close", ended);
    }
    near.pipe(far);
    far.pipe(near);
  }
}
