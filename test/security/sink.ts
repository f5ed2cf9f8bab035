/** An address that nobody has a reason to connect to: whoever does was made to. */
import { once } from "node:events";
import { createServer, type AddressInfo, type Server } from "node:net";
import { TcpPeer } from "../support/tcp-peer.js";

export class Sink {
  readonly url: string;
  readonly #server: Server;
  readonly #port: number;
  #connections = 0;

  private constructor(server: Server) {
    this.#server = server;
    this.#port = (server.address() as AddressInfo).port;
    this.url = `http://127.0.0.1:${this.#port}`;
    server.on("connection", (socket) => {
      this.#connections++;
      socket.destroy();
    });
  }

  static async open(): Promise<Sink> {
    const server = createServer();
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    return new Sink(server);
  }

  /** How many came until now. It has to hear the one that comes from here, or it would hear nobody. */
  async visitors(): Promise<number> {
    const before = this.#connections;
    const peer = await TcpPeer.connect({ port: this.#port });
    await peer.closed;
    return this.#connections === before + 1 ? before : Number.NaN;
  }

  close(): void {
    this.#server.close();
  }
}
