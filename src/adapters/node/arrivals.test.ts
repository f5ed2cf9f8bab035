import { once } from "node:events";
import { connect, createServer, type Server, type Socket } from "node:net";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import type { Transport } from "../../websocket/ports.js";
import { Arrivals } from "./arrivals.js";

const listener = { bytesReceived: () => {}, peerEnded: () => {}, transportClosed: () => {} };

class Ground {
  readonly server: Server = createServer();
  readonly transports: Transport[] = [];
  readonly arrivals: Arrivals;
  readonly #port: number;
  #onArrival = (): void => {};

  private constructor(connectionsMax: number, prepare: (server: Server) => void, server: Server) {
    this.server = server;
    prepare(server);
    const address = server.address();
    this.#port = typeof address === "object" && address !== null ? address.port : 0;
    this.arrivals = new Arrivals({
      server,
      connectionsMax,
      accept: (transport) => {
        transport.listen(listener);
        this.transports.push(transport);
        this.#onArrival();
      },
    });
  }

  static async listening(connectionsMax = 10, prepare: (server: Server) => void = () => {}): Promise<Ground> {
    const server = createServer().listen(0, "127.0.0.1");
    await once(server, "listening");
    const ground = new Ground(connectionsMax, prepare, server);
    onTestFinished(() => {
      for (const transport of ground.transports) transport.destroy();
      server.close();
    });
    return ground;
  }

  peer(): Socket {
    const socket = connect(this.#port, "127.0.0.1");
    socket.on("error", () => {});
    onTestFinished(() => void socket.destroy());
    return socket;
  }

  /** A peer that has arrived. */
  async arrived(): Promise<Socket> {
    const arrival = new Promise<void>((resolve) => (this.#onArrival = resolve));
    const peer = this.peer();
    await arrival;
    return peer;
  }
}

describe("the connections of a server", () => {
  it("have no sockets of Node, and the server waits until they are gone, however often it is closed", async () => {
    const ground = await Ground.listening();
    const peer = await ground.arrived();
    await ground.arrived();
    expect(await new Promise((resolve) => ground.server.getConnections((_, count) => resolve(count)))).toBe(0);
    const order: string[] = [];
    const closing = [ground.arrivals.close(), ground.arrivals.close()].map(async (closed) => {
      await closed;
      order.push("closed");
    });
    ground.transports[0]?.destroy();
    await once(peer, "close");
    order.push("one is gone");
    ground.transports[1]?.destroy();
    await Promise.all(closing);
    expect(order).toEqual(["one is gone", "closed", "closed"]);
    await ground.arrivals.close();
  });

  it("are dropped where there are too many", async () => {
    const ground = await Ground.listening(1);
    await ground.arrived();
    const second = ground.peer();
    await once(second, "close");
    expect(ground.transports.length).toBe(1);
    const gone = once(ground.peer(), "close");
    ground.transports[0]?.destroy();
    await gone;
  });

  it("that failed to be taken are the server's own business", async () => {
    const ground = await Ground.listening();
    const error = once(ground.server, "error");
    const listening: { onconnection(status: number): void } = Reflect.get(ground.server, "_handle");
    listening.onconnection(-24);
    expect(await error).toMatchObject([{ code: "EMFILE", syscall: "accept" }]);
  });

  it.each<[string, (server: Server) => void]>([
    ["nothing is under the server", (server) => Reflect.set(server, "_handle", null)],
    ["it takes connections in another way", (server) => Reflect.set(Reflect.get(server, "_handle"), "onconnection", 1)],
  ])("are sockets of Node where %s", async (_name, prepare) => {
    const server = createServer().listen(0, "127.0.0.1");
    await once(server, "listening");
    onTestFinished(() => void server.close());
    const handle: object = Reflect.get(server, "_handle");
    const taking: unknown = Reflect.get(handle, "onconnection");
    prepare(server);
    const accept = vi.fn();
    void new Arrivals({ server, connectionsMax: 10, accept });
    Reflect.set(handle, "onconnection", taking);
    Reflect.set(server, "_handle", handle);
    const address = server.address();
    const peer = connect(typeof address === "object" && address !== null ? address.port : 0, "127.0.0.1");
    const [socket] = (await once(server, "connection")) as [Socket];
    onTestFinished(() => void [peer, socket].map((one) => one.destroy()));
    expect(accept).toHaveBeenCalledOnce();
  });
});
