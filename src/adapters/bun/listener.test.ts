import { describe, expect, it } from "vitest";
import { FakeBun } from "../../../test/support/fake-bun.js";
import type { Transport } from "../../websocket/ports.js";
import type { BunTls } from "./bun.js";
import { BunListener } from "./listener.js";

class Ground {
  readonly bun = new FakeBun();
  readonly transports: Transport[] = [];
  readonly failures: string[] = [];
  readonly listener: BunListener;

  constructor(tls?: BunTls) {
    this.listener = new BunListener({
      bun: this.bun,
      where: { unix: "/run/busbar" },
      tls,
      connectionsMax: 2,
      accept: (transport) => this.transports.push(transport),
      onTlsFailed: (address, reason) => this.failures.push(`${address}: ${reason}`),
    });
  }
}

describe("a listener of Bun", () => {
  it("listens where it is told to, with halves that stay open", () => {
    const { bun, listener } = new Ground();
    expect(bun.asked).toEqual({ unix: "/run/busbar", allowHalfOpen: true });
    expect(listener.port).toBeUndefined();
  });

  it("drops connections that are too many, and takes others when one has gone", () => {
    const { bun, transports } = new Ground();
    const [first] = [bun.connect(), bun.connect()];
    expect(bun.connect().calls).toEqual(["close"]);
    first?.cut();
    expect(bun.connect().calls).toEqual([]);
    expect(transports.map(({ remoteAddress }) => remoteAddress)).toEqual(["local", "local", "local"]);
  });

  it("closes when the last connection is gone, and at once where there is none", async () => {
    const { bun, listener } = new Ground();
    const socket = bun.connect();
    const order: string[] = [];
    const closing = listener.close().then(() => order.push("closed"));
    expect(bun.isListening).toBe(false);
    await Promise.resolve();
    order.push("gone");
    socket.cut();
    await closing;
    expect(order).toEqual(["gone", "closed"]);
    await listener.close();
  });

  it("says who did not get through the handshake of TLS", () => {
    const { bun, failures, transports } = new Ground({ key: "key", cert: "cert" });
    const socket = bun.connect("192.0.2.1");
    socket.handshake();
    expect([failures, transports[0]?.isSecure]).toEqual([[], true]);
    socket.failHandshake(new Error("no TLS"));
    bun.connect().failHandshake(null);
    expect(failures).toEqual(["192.0.2.1: no TLS", "local: it was cut"]);
  });
});
